//! `frontdesk policy`: who may what, as the daemon decides it.

use std::io::Write;

use super::Failure;
use crate::app;

pub fn run(out: &mut dyn Write) -> Result<(), Failure> {
    Ok(write!(out, "{}", app::policy())?)
}
