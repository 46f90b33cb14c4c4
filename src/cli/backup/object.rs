//! Backups as objects of a bucket: written in parts, which nobody sees before they are made one; read with
//! as many connections as it takes.

use std::io::{self, Read, Write};

use bytes::Bytes;
use tokio::runtime::Runtime;

use super::place::{is_dated, outdated};
use super::secret;
use crate::cli::Failure;
use crate::cli::serve::runtime;
use crate::config::BackupConfig;
use crate::net::s3::{Access, Bucket, S3Error};

/// Bytes of the first thousand parts; each further thousand is larger by as much, so that 10,000 parts, the
/// most there may be, come to 430 GiB.
const PART: usize = 8 << 20;
const MAX_PARTS: usize = 10_000;
/// How often reading may be taken up again without a byte in between.
const TRIES: u32 = 5;

/// A bucket and whatever waits for it.
pub struct Remote {
    bucket: Bucket,
    runtime: Runtime,
}

impl Remote {
    pub fn new(name: &str, config: &BackupConfig) -> Result<Remote, Failure> {
        let secret_key = secret::s3_secret_key(config)?;
        let s3 = &config.s3;
        if s3.endpoint.is_empty() || s3.access_key.0.is_empty() {
            return Err(Failure::usage(
                "an s3:// address needs backup.s3.endpoint and backup.s3.access_key",
            ));
        }
        let access = Access {
            endpoint: &s3.endpoint,
            region: &s3.region,
            access_key: &s3.access_key.0,
            secret_key: &secret_key,
            ca_file: &s3.ca_file,
        };
        let bucket = Bucket::new(name, &access).map_err(Failure::usage)?;
        Ok(Remote { bucket, runtime: runtime()? })
    }

    fn wait<T>(&self, asked: impl Future<Output = Result<T, S3Error>>) -> Result<T, S3Error> {
        self.runtime.block_on(asked)
    }

    /// The size of an object; none if there is none.
    pub fn size(&self, key: &str) -> Result<Option<u64>, Failure> {
        let found = self.wait(self.bucket.list(key)).map_err(Failure::failed)?;
        Ok(found.into_iter().find(|object| object.key == key).map(|object| object.size))
    }

    fn dated(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let found = self.wait(self.bucket.list(prefix)).map_err(Failure::failed)?;
        let names = found.into_iter().filter_map(|o| o.key.strip_prefix(prefix).map(str::to_owned));
        Ok(names.filter(|name| is_dated(name)).collect())
    }

    /// The newest dated backup below a prefix.
    pub fn newest(&self, prefix: &str) -> Result<Option<String>, Failure> {
        Ok(self.dated(prefix)?.into_iter().max().map(|name| format!("{prefix}{name}")))
    }

    /// Removes dated backups so that `keep` are left, `new` among them; gives how many were removed.
    pub fn prune(&self, prefix: &str, new: &str, keep: usize) -> Result<usize, Failure> {
        let outdated = outdated(self.dated(prefix)?, new, keep);
        for name in &outdated {
            let key = format!("{prefix}{name}");
            self.wait(self.bucket.delete(&key)).map_err(Failure::failed)?;
        }
        Ok(outdated.len())
    }
}

/// An object under construction; given up unless it is kept.
pub struct NewObject<'a> {
    remote: &'a Remote,
    key: String,
    buffer: Vec<u8>,
    /// The upload's id and the tags of its parts, once there is more than one part.
    upload: Option<(String, Vec<String>)>,
    sent: u64,
}

impl<'a> NewObject<'a> {
    pub fn begin(remote: &'a Remote, key: &str) -> NewObject<'a> {
        let buffer = Vec::with_capacity(PART);
        NewObject { remote, key: key.to_owned(), buffer, upload: None, sent: 0 }
    }

    fn part_size(&self) -> usize {
        let parts = self.upload.as_ref().map_or(0, |(_, tags)| tags.len());
        PART * (1 + parts / 1000)
    }

    fn send_part(&mut self) -> Result<(), S3Error> {
        let remote = self.remote;
        let (id, tags) = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert((remote.wait(remote.bucket.begin(&self.key))?, Vec::new())),
        };
        if tags.len() >= MAX_PARTS {
            let (what, why) = (self.key.clone(), ": more than 10,000 parts".to_owned());
            return Err(S3Error::Refused { what, status: 413, why });
        }
        let body = Bytes::from(std::mem::take(&mut self.buffer));
        let (length, number) = (body.len() as u64, tags.len() as u16 + 1);
        tags.push(remote.wait(remote.bucket.part(&self.key, id, number, body))?);
        self.sent += length;
        Ok(())
    }

    /// Makes it an object of its name, and makes sure that the server has all of it.
    pub fn keep(mut self) -> Result<(), Failure> {
        if self.upload.is_none() {
            let body = Bytes::from(std::mem::take(&mut self.buffer));
            self.sent = body.len() as u64;
            let put = self.remote.bucket.put(&self.key, body);
            self.remote.wait(put).map_err(Failure::failed)?;
        } else {
            if !self.buffer.is_empty() {
                self.send_part().map_err(Failure::failed)?;
            }
            if let Some((id, tags)) = &self.upload {
                let complete = self.remote.bucket.complete(&self.key, id, tags);
                self.remote.wait(complete).map_err(Failure::failed)?;
            }
            self.upload = None;
        }
        match self.remote.size(&self.key)? {
            Some(size) if size == self.sent => Ok(()),
            there => Err(Failure::failed(format!(
                "{}: {} bytes were sent, the server has {}",
                self.key,
                self.sent,
                there.map_or("none".to_owned(), |size| size.to_string())
            ))),
        }
    }
}

impl Write for NewObject<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.buffer.len() >= self.part_size() {
            self.send_part().map_err(io::Error::other)?;
        }
        let taken = data.len().min(self.part_size() - self.buffer.len());
        self.buffer.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewObject<'_> {
    fn drop(&mut self) {
        if let Some((id, _)) = &self.upload
            && let Err(error) = self.remote.wait(self.remote.bucket.abort(&self.key, id))
        {
            tracing::warn!(%error, "parts of a backup that was given up stay in the bucket");
        }
    }
}

/// An object as it comes in.
pub struct OldObject {
    remote: Remote,
    key: String,
    response: Option<reqwest::Response>,
    chunk: Bytes,
    at: u64,
    size: u64,
}

impl OldObject {
    pub fn open(remote: Remote, key: &str, size: u64) -> OldObject {
        OldObject { remote, key: key.to_owned(), response: None, chunk: Bytes::new(), at: 0, size }
    }

    /// The next piece; a connection that broke is made again from where it broke.
    fn next(&mut self) -> Result<Bytes, S3Error> {
        let mut tries = TRIES;
        loop {
            let got = self.remote.runtime.block_on(async {
                let response = match &mut self.response {
                    Some(response) => response,
                    none => none.insert(self.remote.bucket.get(&self.key, self.at).await?),
                };
                response
                    .chunk()
                    .await
                    .map_err(|error| crate::net::s3::unreachable(&self.key, error))
            });
            match got {
                Ok(Some(chunk)) => return Ok(chunk),
                Ok(None) if self.at >= self.size || tries == 0 => return Ok(Bytes::new()),
                Err(error) if tries == 0 || self.response.is_none() => return Err(error),
                Ok(None) | Err(_) => {
                    self.response = None;
                    tries -= 1;
                }
            }
        }
    }
}

impl Read for OldObject {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.at < self.size {
            self.chunk = self.next().map_err(io::Error::other)?;
        }
        let length = out.len().min(self.chunk.len());
        out[..length].copy_from_slice(&self.chunk.split_to(length));
        self.at += length as u64;
        Ok(length)
    }
}
