//! Stored values: one version byte, then postcard. Old versions stay readable for ever.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::owner::Owner;
use super::tables::Table;

/// A value kept in a table. When its shape changes, `VERSION` grows and `decode_older` learns the old shape.
pub trait Record: Serialize + DeserializeOwned {
    const TABLE: Table;
    const VERSION: u8 = 1;

    /// Whose data it is under this row key; where the table says [`super::tables::Whose::Record`], the record says it.
    fn owner(&self, key: &[u8]) -> Owner {
        Self::TABLE.owner(key)
    }

    fn decode_older(version: u8, _bytes: &[u8]) -> Result<Self, CodecError> {
        Err(CodecError::Version { table: Self::TABLE, version, newest: Self::VERSION })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error(
        "a value of table {table:?} has format {version}; this program reads formats up to {newest}"
    )]
    Version { table: Table, version: u8, newest: u8 },
    #[error("a value of table {table:?} cannot be read ({why}); run `frontdesk verify`")]
    Damaged { table: Table, why: String },
}

/// Appends the stored form of a record.
pub fn encode<R: Record>(record: &R, out: &mut Vec<u8>) {
    out.push(R::VERSION);
    append(record, out);
}

/// Appends the postcard form of a value.
pub fn append(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing into memory fails only for maps of unknown length, which no record and no event holds.
    *out = postcard::to_extend(value, std::mem::take(out)).expect("a record always encodes");
}

/// The earlier shape of a record, for [`Record::decode_older`].
pub fn older<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, CodecError> {
    postcard::from_bytes(bytes).map_err(|e| CodecError::Damaged { table, why: e.to_string() })
}

pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, CodecError> {
    match bytes.split_first() {
        None => Err(CodecError::Damaged { table: R::TABLE, why: "it is empty".into() }),
        Some((&version, rest)) if version == R::VERSION => postcard::from_bytes(rest)
            .map_err(|e| CodecError::Damaged { table: R::TABLE, why: e.to_string() }),
        Some((&version, rest)) => R::decode_older(version, rest),
    }
}
