//! The `aws-chunked` framing, in which SDKs send bodies whose checksum comes as a trailer.

use bytes::Bytes;

use crate::request::Request;

/// Whether the body of this request is framed.
pub(super) fn is_framed(request: &Request) -> bool {
    let says = |name, wanted: fn(&str) -> bool| request.header(name).is_some_and(wanted);
    says("x-amz-content-sha256", |v| v.starts_with("STREAMING-"))
        || says("content-encoding", |v| v.split(',').any(|e| e.trim().eq_ignore_ascii_case("aws-chunked")))
}

/// Takes the frames off: `size[;chunk-signature=…]`, the bytes, and so on to a frame of size zero.
/// Signatures and trailers are not checked. `None` if the framing ends too early or makes no sense.
pub(super) fn decode(body: &[u8]) -> Option<Bytes> {
    let mut rest = body;
    let mut out = Vec::with_capacity(body.len());
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let (head, after) = (rest.get(..end)?, rest.get(end + 2..)?);
        let size = head.split(|b| *b == b';').next().and_then(|size| std::str::from_utf8(size).ok())?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(out.into());
        }
        let (data, after) = (after.get(..size)?, after.get(size..)?);
        out.extend_from_slice(data);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_off() {
        let framed = b"5;chunk-signature=ab\r\nhello\r\nA\r\n, wide wor\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n";
        assert_eq!(decode(framed).unwrap(), "hello, wide wor");
        for broken in [&b""[..], b"5\r\nhel", b"zz\r\n", b"5\r\nhelloX", b"ffffffffffffffff\r\na", b"5\r\nhello\r\n"] {
            assert_eq!(decode(broken), None, "{}", String::from_utf8_lossy(broken));
        }
    }
}
