//! A tar archive (POSIX ustar) of a few small files: forty lines instead of a dependency.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

const BLOCK: usize = 512;
/// The folder that everything is in, so that unpacking makes no mess.
const FOLDER: &str = "frontdesk-support";

pub struct Archive<W> {
    out: W,
    time: u64,
}

impl<W: Write> Archive<W> {
    pub fn new(out: W) -> Archive<W> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Archive { out, time }
    }

    /// Adds a file; its name is short and plain.
    pub fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.out.write_all(&header(&format!("{FOLDER}/{name}"), content.len(), self.time))?;
        self.out.write_all(content)?;
        self.out.write_all(&[0; BLOCK][..content.len().next_multiple_of(BLOCK) - content.len()])
    }

    /// Two empty blocks say that this is the end.
    pub fn end(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }
}

fn header(name: &str, size: usize, time: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put =
        |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, &format!("{time:011o}\0"));
    // While it is summed up, the checksum counts as spaces.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_whole_blocks_with_a_checksum_that_holds() {
        let mut archive = Archive::new(Vec::new());
        archive.file("a.txt", &[b'x'; 513]).unwrap();
        archive.file("empty", b"").unwrap();
        let bytes = archive.end().unwrap();
        assert_eq!(bytes.len(), BLOCK * (1 + 2 + 1 + 2));
        assert!(bytes.starts_with(b"frontdesk-support/a.txt\0"));
        let told = std::str::from_utf8(&bytes[148..154]).unwrap();
        let spaces = 8 * u32::from(b' ');
        let sum: u32 = bytes[..148].iter().chain(&bytes[156..BLOCK]).map(|b| u32::from(*b)).sum();
        assert_eq!(u32::from_str_radix(told, 8).unwrap(), sum + spaces);
        assert_eq!(&bytes[124..135], b"00000001001");
    }
}
