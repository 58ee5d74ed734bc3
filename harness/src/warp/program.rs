//! Whether a program can be warped, as far as its file tells.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use brownout_shim::PRELOAD;

/// How many interpreters are followed: a script's, its interpreter's, and so on.
const DEEPEST: usize = 5;

/// How much of a file is looked at: the heads and notes of an executable lie at its beginning.
const HEAD: u64 = 64 << 10;

/// Whether this program can be warped; if not, why, in a sentence. What cannot be read is left to whoever starts it.
pub fn suits(program: &str) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("warp time needs Linux; this is another system".to_owned());
    }
    if PRELOAD.is_empty() {
        return Err(
            "this brownout was built without warp time: its shim could not be compiled for this machine".to_owned()
        );
    }
    let mut file = find(program);
    for _ in 0..DEEPEST {
        let Some(path) = file else { return Ok(()) };
        let Some(head) = head(&path) else { return Ok(()) };
        let Some(line) = head.strip_prefix(b"#!") else { return executable(&path, &head) };
        let line = String::from_utf8_lossy(line.split(|b| *b == b'\n').next().unwrap_or_default()).into_owned();
        let mut words = line.split_whitespace();
        let interpreter = words.next().unwrap_or_default();
        file = if interpreter.ends_with("/env") {
            words.find(|word| !word.starts_with('-') && !word.contains('=')).and_then(find)
        } else {
            Some(PathBuf::from(interpreter))
        };
    }
    Ok(())
}

/// The file that a name stands for.
fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    Some(head)
}

/// The parts of an executable that matter here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Elf {
    /// The program that loads its libraries.
    loader: Option<String>,
    go: bool,
}

fn executable(path: &Path, head: &[u8]) -> Result<(), String> {
    let name = path.display();
    let Some(elf) = read_elf(head) else {
        return Err(format!("`{name}` is no program for this kind of machine, as far as brownout can read it"));
    };
    if privileged(path) {
        return Err(format!("`{name}` runs with another user's rights (setuid), and loads no library of ours"));
    }
    if elf.go {
        return Err(format!("`{name}` is written in Go, which asks the kernel for the time by itself"));
    }
    match elf.loader {
        None => Err(format!("`{name}` is statically linked, so no library can be loaded into it")),
        Some(loader) if loader.contains("musl") => {
            Err(format!("`{name}` uses musl's C library, which brownout does not warp"))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(unix)]
fn privileged(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const SETUID_OR_SETGID: u32 = 0o6000;
    path.metadata().is_ok_and(|file| file.mode() & SETUID_OR_SETGID != 0)
}

#[cfg(not(unix))]
fn privileged(_: &Path) -> bool {
    false
}

/// Reads the heads of a 64-bit executable of this machine's byte order and kind.
fn read_elf(bytes: &[u8]) -> Option<Elf> {
    const X86_64: u64 = 62;
    const AARCH64: u64 = 183;
    const INTERPRETER: u64 = 3;
    const NOTE: u64 = 4;
    let number = |at: usize, length: usize| -> Option<u64> {
        let mut number = [0; 8];
        number[..length].copy_from_slice(bytes.get(at..at.checked_add(length)?)?);
        Some(u64::from_le_bytes(number))
    };
    let kind = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };
    if !bytes.starts_with(b"\x7fELF\x02\x01") || number(18, 2)? != kind {
        return None;
    }
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let mut elf = Elf::default();
    for index in 0..count {
        let at = usize::try_from(table.checked_add(index * size)?).ok()?;
        let part = || {
            let (from, length) =
                (usize::try_from(number(at + 8, 8)?).ok()?, usize::try_from(number(at + 32, 8)?).ok()?);
            bytes.get(from..from.checked_add(length)?)
        };
        match number(at, 4)? {
            INTERPRETER => {
                let text = part().map(|p| String::from_utf8_lossy(p).trim_end_matches('\0').to_owned());
                elf.loader = Some(text.unwrap_or_default());
            }
            NOTE => elf.go |= part().is_some_and(|notes| notes.windows(8).any(|w| w == b"\x04\0\0\0Go\0\0")),
            _ => {}
        }
    }
    Some(elf)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executable with these parts: kind, and bytes.
    fn made(parts: &[(u32, &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0);
        bytes[18..20].copy_from_slice(&if cfg!(target_arch = "aarch64") { 183u16 } else { 62 }.to_le_bytes());
        bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&u16::try_from(parts.len()).unwrap().to_le_bytes());
        let mut from = 64 + 56 * parts.len();
        for (kind, part) in parts {
            let mut entry = [0; 56];
            entry[..4].copy_from_slice(&kind.to_le_bytes());
            entry[8..16].copy_from_slice(&(from as u64).to_le_bytes());
            entry[32..40].copy_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend(entry);
            from += part.len();
        }
        for (_, part) in parts {
            bytes.extend(*part);
        }
        bytes
    }

    #[test]
    fn a_file_tells_whether_it_can_be_warped() {
        let go = b"\x04\0\0\0\x53\0\0\0\x04\0\0\0Go\0\0build id";
        let says = |parts: &[(u32, &[u8])]| executable(Path::new("app"), &made(parts)).err().unwrap_or_default();
        assert_eq!(says(&[(3, b"/lib64/ld-linux-x86-64.so.2\0")]), "");
        assert!(says(&[(1, b"code")]).contains("statically linked"));
        assert!(says(&[(3, b"/lib/ld-musl-x86_64.so.1\0")]).contains("musl"));
        assert!(says(&[(3, b"/lib64/ld-linux-x86-64.so.2\0"), (4, go)]).contains("Go"));
        assert!(executable(Path::new("app"), b"MZ").unwrap_err().contains("no program"));
        // Cut off anywhere, it is not understood, and nothing worse.
        let whole = made(&[(3, b"/lib64/ld-linux-x86-64.so.2\0"), (4, go)]);
        for end in 0..whole.len() {
            let _ = executable(Path::new("app"), &whole[..end]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_script_is_as_good_as_its_interpreter() {
        assert_eq!(suits("sh"), Ok(()));
        assert_eq!(suits("/nowhere/at/all"), Ok(()), "whoever starts it says that it is not there");
    }
}
