//! Numbers as the streams of a segment hold them: LEB128.

use crate::engine::rows::ReadError;

pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Small numbers of either sign as small numbers.
pub fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)) as u64);
}

#[inline]
pub fn take(input: &mut &[u8]) -> Result<u64, ReadError> {
    // Nearly all are small.
    if let [byte @ ..0x80, rest @ ..] = input {
        *input = rest;
        return Ok(u64::from(*byte));
    }
    take_long(input)
}

fn take_long(input: &mut &[u8]) -> Result<u64, ReadError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = input.split_first().ok_or_else(damaged)?;
        *input = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(damaged())
}

#[inline]
pub fn take_u32(input: &mut &[u8]) -> Result<u32, ReadError> {
    u32::try_from(take(input)?).map_err(|_| damaged())
}

pub fn take_signed(input: &mut &[u8]) -> Result<i64, ReadError> {
    Ok(signed(take(input)?))
}

/// What [`put_signed`] was given, of the number that it put.
pub fn signed(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Passes so many numbers over.
pub fn skip(input: &mut &[u8], numbers: u64) -> Result<(), ReadError> {
    for _ in 0..numbers {
        let end = input.iter().position(|byte| byte & 0x80 == 0).ok_or_else(damaged)?;
        *input = &input[end + 1..];
    }
    Ok(())
}

pub fn take_bytes<'a>(input: &mut &'a [u8], length: u64) -> Result<&'a [u8], ReadError> {
    let length = usize::try_from(length).map_err(|_| damaged())?;
    let (bytes, rest) = input.split_at_checked(length).ok_or_else(damaged)?;
    *input = rest;
    Ok(bytes)
}

pub fn damaged() -> ReadError {
    ReadError::Inconsistent("a segment of the search index cannot be read".to_owned())
}
