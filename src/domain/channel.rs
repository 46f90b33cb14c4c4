//! Where a ticket came from.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
// Stored by position: only ever append.
pub enum Channel {
    Call,
    Whatsapp,
    Web,
    Email,
    Chat,
    Zendesk,
    Intercom,
    Api,
}

impl Channel {
    pub const ALL: [Channel; 8] = [
        Channel::Call,
        Channel::Whatsapp,
        Channel::Web,
        Channel::Email,
        Channel::Chat,
        Channel::Zendesk,
        Channel::Intercom,
        Channel::Api,
    ];

    pub fn parse(text: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Call => "call",
            Channel::Whatsapp => "whatsapp",
            Channel::Web => "web",
            Channel::Email => "email",
            Channel::Chat => "chat",
            Channel::Zendesk => "zendesk",
            Channel::Intercom => "intercom",
            Channel::Api => "api",
        }
    }

    /// The channel of a ticket whose maker names this source (S1.1); a source of nobody's is the API's.
    pub fn of_source(source: &str) -> Channel {
        match source {
            "web" => Channel::Web,
            "email" => Channel::Email,
            "chat" => Channel::Chat,
            "zendesk" => Channel::Zendesk,
            "intercom" => Channel::Intercom,
            _ => Channel::Api,
        }
    }
}
