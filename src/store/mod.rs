//! TEMPORARY contract, replaced by the store branch.
pub mod codec;
pub mod records;
pub mod seal;
pub mod tables;
pub use tables::Table;
use crate::domain::time::Micros;
#[derive(Clone, Debug, PartialEq)]
pub struct Row { pub table: Table, pub key: Vec<u8>, pub value: Option<Vec<u8>> }
#[derive(Clone, Debug, PartialEq)]
pub struct PlanRecord { pub at: Micros, pub rows: Vec<Row>, pub events: Vec<Vec<u8>> }
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order { Ascending, Descending }
pub trait View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    fn scan(&self, table: Table, start: &[u8], end: Option<&[u8]>, order: Order, limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError>;
}
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);
