//! Stores of earlier formats open with this program and show what they showed: every store in
//! `fixtures/stores` was made by the program of its format, through its doors, and ended by `kill -9`.

#[path = "upgrade/desk.rs"]
mod desk;
#[path = "upgrade/figures.rs"]
mod figures;
#[path = "upgrade/fixtures.rs"]
mod fixtures;
mod harness;
#[path = "upgrade/killed.rs"]
mod killed;
#[path = "upgrade/made.rs"]
mod made;
