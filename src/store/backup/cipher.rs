//! The encrypted layer of backups and of tickets' files: chunks of 64 KiB, each authenticated, in order, the last one
//! marked as the last.

use std::io::{self, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

use super::BackupError;
use super::head::NONCE;

/// Bytes of plain text in a chunk.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

type Cipher = XChaCha20Poly1305;

/// Encrypts what is written to it.
pub struct Sealer<W> {
    out: W,
    head: Vec<u8>,
    stream: EncryptorBE32<Cipher>,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Behind a head that was written already: it is authenticated with every chunk. No nonce twice under a key.
    pub fn new(out: W, head: &[u8], nonce: [u8; NONCE], key: &[u8; 32]) -> Sealer<W> {
        let stream = EncryptorBE32::from_aead(Cipher::new(key.into()), &nonce.into());
        Sealer { out, head: head.to_vec(), stream, chunk: Vec::with_capacity(CHUNK + TAG) }
    }

    /// Writes the last chunk; without it the rest is cut off.
    pub fn finish(self) -> io::Result<W> {
        let Sealer { mut out, head, stream, mut chunk } = self;
        stream.encrypt_last_in_place(&head, &mut chunk).map_err(too_long)?;
        out.write_all(&chunk)?;
        Ok(out)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        // A full chunk goes out only when more comes: the last one is marked.
        if self.chunk.len() == CHUNK {
            self.stream.encrypt_next_in_place(&self.head, &mut self.chunk).map_err(too_long)?;
            self.out.write_all(&self.chunk)?;
            self.chunk.clear();
        }
        let taken = data.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn too_long(_: aead_stream::aead::Error) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "what is encrypted is 256 TiB at most")
}

/// Decrypts a chunk at a time; gives out nothing that was not authenticated.
pub struct Opener<R> {
    input: R,
    head: Vec<u8>,
    stream: Option<DecryptorBE32<Cipher>>,
    /// The chunk behind the one given out, read ahead to know which is the last.
    next: Vec<u8>,
    /// Where `next` begins in the file.
    at: u64,
}

impl<R: Read> Opener<R> {
    /// From behind the head on.
    pub fn new(
        input: R,
        head: &[u8],
        nonce: [u8; NONCE],
        key: &[u8; 32],
    ) -> Result<Opener<R>, BackupError> {
        let stream = DecryptorBE32::from_aead(Cipher::new(key.into()), &nonce.into());
        let mut opener = Opener {
            input,
            head: head.to_vec(),
            stream: Some(stream),
            next: Vec::new(),
            at: head.len() as u64,
        };
        opener.next = opener.sealed(opener.at)?;
        Ok(opener)
    }

    pub fn input(&self) -> &R {
        &self.input
    }

    /// Up to a whole sealed chunk; empty at the end of the file.
    fn sealed(&mut self, at: u64) -> Result<Vec<u8>, BackupError> {
        let mut chunk = Vec::with_capacity(CHUNK + TAG);
        let limit = (CHUNK + TAG) as u64;
        let read = self.input.by_ref().take(limit).read_to_end(&mut chunk);
        read.map_err(|error| BackupError::Io { at: at + chunk.len() as u64, error })?;
        Ok(chunk)
    }

    /// The next plain chunk and where its sealed one begins; none behind the last.
    pub fn chunk(&mut self) -> Result<Option<(Vec<u8>, u64)>, BackupError> {
        let Some(mut stream) = self.stream.take() else { return Ok(None) };
        let at = self.at;
        self.at += self.next.len() as u64;
        let following = self.sealed(self.at)?;
        let mut chunk = std::mem::replace(&mut self.next, following);
        let opened = if self.next.is_empty() {
            // A file that ends behind a whole chunk which is not the last one was cut off there.
            let cut = || self.at;
            stream
                .decrypt_last_in_place(&self.head, &mut chunk)
                .map_err(|_| if chunk.len() < CHUNK + TAG { None } else { Some(cut()) })
        } else {
            let opened = stream.decrypt_next_in_place(&self.head, &mut chunk).map_err(|_| None);
            self.stream = Some(stream);
            opened
        };
        match opened {
            Ok(()) => Ok(Some((chunk, at))),
            Err(Some(at)) => Err(BackupError::CutOff { at }),
            Err(None) => {
                let what = "the encrypted chunk that begins here was changed, or the file was cut off in it";
                Err(BackupError::Damaged { at, what: what.to_owned() })
            }
        }
    }
}
