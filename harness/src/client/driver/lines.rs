//! The lines of a driver: whole ones, numbered, and none longer than anybody needs.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// The longest line, in bytes.
pub const LINE_MAX: usize = 64 << 10;

/// Reads lines.
#[derive(Debug)]
pub struct Lines<R> {
    reader: BufReader<R>,
    number: u64,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines from here.
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), number: 0 }
    }

    /// Number of the line that was read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line, without its end; nothing after the last. The error is a sentence that lacks only which line it
    /// is about.
    pub async fn next(&mut self) -> Result<Option<String>, String> {
        let mut line = Vec::new();
        self.number += 1;
        loop {
            let piece = self.reader.fill_buf().await.map_err(|e| format!("could not be read: {e}"))?;
            if piece.is_empty() {
                if line.is_empty() {
                    return Ok(None);
                }
                return Err(format!("breaks off: `{}`; end each line, and flush it", lossy(&line)));
            }
            let end = piece.iter().position(|b| *b == b'\n');
            let taken = end.map_or(piece.len(), |at| at + 1);
            line.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            self.reader.consume(taken);
            if line.len() > LINE_MAX {
                return Err(format!(
                    "is longer than {LINE_MAX} bytes: `{}`; leave long messages out",
                    lossy(&line[..LINE_MAX])
                ));
            }
            if end.is_some() {
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    super::excerpt(&String::from_utf8_lossy(bytes))
}
