//! A ticket as seed 001 answers whoever made it (S1.17, S1.18): the form's face and that of the platforms' webhooks.

use serde::Serialize;

use crate::describe::ToSchema;
use crate::domain::reference::customer_code;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;

#[derive(Serialize, ToSchema)]
pub struct Created {
    pub ticket: CreatedTicket,
    pub suggested_actions: [&'static str; 3],
}

#[derive(Serialize, ToSchema)]
pub struct CreatedTicket {
    #[schema(example = "TKT-20241103-A1B2C3D4")]
    pub ticket_id: String,
    /// The same for every ticket of this e-mail address
    #[schema(example = "CUST-00001")]
    pub customer_id: Option<String>,
    pub customer_email: Option<String>,
    pub customer_name: Option<String>,
    pub subject: Option<String>,
    pub description: Option<String>,
    /// null for a new ticket: what its words are about is found afterwards (S1.10)
    pub category: Option<String>,
    /// low, medium, high or critical
    pub priority: &'static str,
    /// new, open, in_progress, pending_customer, waiting_internal, resolved or closed
    pub status: &'static str,
    pub order_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Micros,
    /// web, email, chat, zendesk, intercom, …
    pub source: String,
}

impl Created {
    pub fn of(ticket: Ticket, made: bool) -> Created {
        let source = ticket.source.unwrap_or_else(|| ticket.channel.as_str().to_owned());
        Created {
            ticket: CreatedTicket {
                ticket_id: ticket.ticket_id,
                customer_id: ticket.requester.contact.map(customer_code),
                customer_email: ticket.requester.email,
                customer_name: ticket.requester.name,
                subject: ticket.subject,
                description: ticket.description,
                category: ticket.category.filter(|_| !made),
                priority: ticket.priority.on_intake_face(),
                status: ticket.status.as_str(),
                order_id: ticket.order_id,
                created_at: ticket.created_at,
                source,
            },
            suggested_actions: [
                "Ticket created successfully",
                "AI processing queued",
                "Agent will be notified",
            ],
        }
    }
}
