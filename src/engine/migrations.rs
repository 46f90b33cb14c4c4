//! The steps from the row layouts of earlier versions to the present one.
//!
//! A change of the layout is a new step at the end of [`MIGRATIONS`] and, before it, a fixture of the format
//! that ends (`tests/upgrade`). A step is written against the layout of its time, in raw rows and with shapes
//! of its own, and never changes again. A record that only grew needs none: it has versions of its own.

use crate::store::Migration;

/// In order; the first leads from format 1 to 2. The present format is one more than there are steps.
pub const MIGRATIONS: &[Migration] = &[];
