//! The CRM's face (seed 002): tickets, customers and conversations in the field names of its client, and the tools by
//! which assistants serve customers (S2.1 to S2.22). Success is `{"success": true, …}`; errors are the problem documents
//! of every face.
//!
//! It shows and changes the same tickets as every other face, by the same commands.

pub mod assistant;
pub mod changes;
pub mod conversations;
pub mod create;
pub mod customers;
pub mod given;
pub mod identity;
pub mod list;
pub mod paging;
pub mod statistics;
pub mod tickets;
pub mod tool_calls;
pub mod view;

use serde::Serialize;

use super::State;
use crate::describe::ToSchema;
use crate::routes::{Routes, routes};

/// `{"success": true, "data": …}`
#[derive(Serialize, ToSchema)]
pub struct Success<T> {
    #[schema(example = true)]
    success: bool,
    data: T,
    /// What was done
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl<T> Success<T> {
    pub fn of(data: T) -> Success<T> {
        Success { success: true, data, message: None }
    }

    pub fn done(data: T, message: &'static str) -> Success<T> {
        Success { success: true, data, message: Some(message) }
    }
}

/// The routes of `/api/v2`.
pub fn routes<R: Routes<State>>(to: R) -> R {
    to.routes(routes!(list::list, create::create))
        .routes(routes!(statistics::read))
        .routes(routes!(tickets::read, changes::update))
        .routes(routes!(changes::add_note))
        .routes(routes!(changes::set_status))
        .routes(routes!(changes::assign))
        .routes(routes!(changes::resolve))
        .routes(routes!(changes::escalate))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(customers::read, customers::update))
        .routes(routes!(list::of_customer))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::read))
        .routes(routes!(list::of_conversation))
        .routes(routes!(tool_calls::tools))
        .routes(routes!(tool_calls::tool_calls))
}
