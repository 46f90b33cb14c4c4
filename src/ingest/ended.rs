//! Why frames of a call pass no more, and what each side and the ticket are told of it.

use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

use super::session::End;
use super::tap::Side;

/// Bytes of reason that a close frame may hold, with room for its code.
const MAX_REASON: usize = 120;

/// Why frames pass no more.
#[derive(Debug)]
pub enum Ended {
    Closed(Side, Option<CloseFrame>),
    /// Without a close.
    Broken(Side, String),
    /// A message of more than so many bytes.
    TooLarge(Side, usize),
    /// What is said cannot be kept: the reason.
    Unrecorded(String),
    /// The client's token was revoked.
    Revoked,
    Stopping,
}

impl Ended {
    /// What becomes of the call.
    pub fn end(&self) -> End {
        match self {
            Ended::Closed(_, frame) => End::of_close(frame.as_ref().map(|f| f.code.into())),
            _ => End::Broken,
        }
    }

    /// What its ticket says of it, if it is out of the ordinary.
    pub fn in_words(&self) -> Option<String> {
        Some(match self {
            Ended::Closed(side, Some(CloseFrame { code, reason })) if self.end() == End::Broken => {
                let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                format!("The call was ended by {} with code {code}{why}", side.as_str())
            }
            Ended::Broken(side, why) => {
                format!("The connection with {} broke: {why}", side.as_str())
            }
            Ended::TooLarge(side, max) => {
                let sender = side.as_str();
                format!(
                    "The message that {sender} sent has more than {max} bytes (realtime.max_frame)"
                )
            }
            Ended::Unrecorded(why) => {
                format!("The call was ended, as it cannot be recorded: {why}")
            }
            Ended::Revoked => "The call was ended: its token was revoked".to_owned(),
            Ended::Closed(..) | Ended::Stopping => return None,
        })
    }

    /// The close that a side is sent; `None` if it is the one that closed.
    pub fn close_to(&self, side: Side) -> Option<Option<CloseFrame>> {
        let (code, reason) = match self {
            Ended::Closed(closer, frame) => return (*closer != side).then(|| frame.clone()),
            Ended::TooLarge(sender, _) if *sender == side => {
                (CloseCode::Size, self.in_words().unwrap_or_default())
            }
            _ if side == Side::Service => (CloseCode::Away, String::new()),
            Ended::Revoked => (CloseCode::Policy, self.in_words().unwrap_or_default()),
            Ended::Stopping => (CloseCode::Restart, "the daemon is stopping; come back".into()),
            Ended::Unrecorded(_) => (CloseCode::Again, self.in_words().unwrap_or_default()),
            _ => (CloseCode::Error, self.in_words().unwrap_or_default()),
        };
        Some(Some(close(code, &reason)))
    }
}

/// A close frame with as much of the reason as it may hold.
pub fn close(code: CloseCode, reason: &str) -> CloseFrame {
    let end = (0..=reason.len().min(MAX_REASON)).rev().find(|at| reason.is_char_boundary(*at));
    CloseFrame { code, reason: reason[..end.unwrap_or(0)].into() }
}

/// An error in the service's own shape, which its client libraries know.
pub fn error_event(code: &str, message: &str) -> String {
    let event_id = format!("event_{}", uuid::Uuid::now_v7().simple());
    serde_json::json!({
        "type": "error", "event_id": event_id,
        "error": {"type": "server_error", "code": code, "message": message, "param": null, "event_id": null},
    })
    .to_string()
}
