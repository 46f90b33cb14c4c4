//! The customer for whom an assistant asks, as its backend names them: never as its model does.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::Value;

use crate::domain::channel::Channel;
use crate::domain::contact::Conversation;
use crate::domain::crm::Customer;
use crate::domain::email;
use crate::domain::language::Language;
use crate::domain::reference::Reference;
use crate::engine::crm::Asking;
use crate::engine::rows::{ReadError, Rows, key};
use crate::http::State;
use crate::http::error::Failure;
use crate::wire::chat::jid::Jid;

/// A phone number, WhatsApp address or conversation, where the body has no room for it.
pub const CUSTOMER_HEADER: &str = "frontdesk-customer";

/// Keys under which a person may stand: a phone number, a WhatsApp address, an e-mail address.
const PERSON: [&str; 12] = [
    "phone",
    "customer",
    "userId",
    "user_id",
    "customerPhone",
    "customer_phone",
    "phoneNumber",
    "phone_number",
    "whatsappId",
    "whatsapp_id",
    "jid",
    "from",
];
/// Keys of a contact of ours.
const CONTACT: [&str; 4] = ["customerId", "customer_id", "contactId", "contact_id"];
/// Keys of a chat or a call: our number of it, a WhatsApp address, a call's session, a ticket.
const CHAT: [&str; 9] = [
    "conversation",
    "conversationId",
    "conversation_id",
    "chatId",
    "chat_id",
    "session",
    "sessionId",
    "session_id",
    "call",
];
/// Where these keys may stand in a body, besides its top.
const PLACES: [&str; 3] = ["context", "caller", "customer"];
/// The longest name of a person or chat, in bytes.
const MAX_NAME: usize = 256;
/// Digits of a telephone number, of which a contact's number has fewer.
const SHORTEST_NUMBER: usize = 7;

/// What a request says of whom it is for.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    person: Option<String>,
    contact: Option<String>,
    chat: Option<String>,
    language: Option<Language>,
}

/// The identity in a request's headers.
pub struct Told(pub Identity);

impl FromRequestParts<State> for Told {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Told, Failure> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let language = text("accept-language").and_then(Language::parse);
        let named = text(CUSTOMER_HEADER).map(str::trim).filter(|name| is_name(name));
        let (mut person, mut chat) = (named.map(str::to_owned), None);
        if let Some(id) = named.and_then(|named| named.strip_prefix("conversation:")) {
            (person, chat) = (None, Some(id.to_owned()));
        }
        Ok(Told(Identity { person, chat, contact: None, language }))
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
}

impl Identity {
    /// What a body says, where it says anything; else what the headers did.
    pub fn or_of(self, body: &Value) -> Identity {
        let mut found = Identity::default();
        let inner = PLACES.iter().filter_map(|place| body.get(place));
        for place in inner.chain([body]) {
            let first = |keys: &[&str]| keys.iter().find_map(|name| scalar(place.get(name)?));
            found.person = found.person.or_else(|| first(&PERSON));
            found.contact = found.contact.or_else(|| first(&CONTACT));
            found.chat = found.chat.or_else(|| first(&CHAT));
            let language = first(&["language", "locale"]);
            found.language = found.language.or(language.as_deref().and_then(Language::parse));
        }
        let language = found.language.or(self.language);
        if found.person.is_some() || found.contact.is_some() || found.chat.is_some() {
            return Identity { language, ..found };
        }
        Identity { language, ..self }
    }

    /// Whom that means. Where chat and person are named, and are two people, nobody is meant.
    fn customer(&self, rows: &Rows<'_>) -> Result<Customer, ReadError> {
        let person = match (&self.contact, &self.person) {
            (Some(id), _) => contact(id),
            (None, Some(name)) => person(name),
            (None, None) => Customer::Unknown,
        };
        let Some(name) = &self.chat else { return Ok(person) };
        let chat = chat(rows, name)?;
        if chat == Customer::Unknown || person == Customer::Unknown {
            return Ok(if chat == Customer::Unknown { person } else { chat });
        }
        let ids = |asking: Option<Asking>| asking.map(|a| a.contacts).unwrap_or_default();
        let (in_chat, named) = (ids(rows.asking(&chat)?), ids(rows.asking(&person)?));
        let known = !in_chat.is_empty() && !named.is_empty();
        if known && !in_chat.iter().any(|id| named.contains(id)) {
            return Ok(Customer::Unknown);
        }
        Ok(chat)
    }

    /// Whom that means, and the language to answer in: as the request says, else as the contact's card does, else as
    /// their number's country.
    pub fn resolve(
        &self,
        rows: &Rows<'_>,
        usual: Language,
    ) -> Result<(Customer, Language), ReadError> {
        let customer = self.customer(rows)?;
        if let Some(language) = self.language {
            return Ok((customer, language));
        }
        let asking = rows.asking(&customer)?.unwrap_or_default();
        let card = match asking.contacts.first() {
            Some(id) => rows.known_contact(*id)?.and_then(|known| known.profile.language),
            None => None,
        };
        let by_card = card.as_deref().and_then(Language::parse);
        let by_number = || asking.phones.iter().find_map(|digits| Language::of_number(digits));
        Ok((customer, by_card.or_else(by_number).unwrap_or(usual)))
    }
}

/// A name as text; objects are somebody else's.
fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    is_name(&text).then_some(text)
}

fn contact(text: &str) -> Customer {
    let digits = text.strip_prefix("CUST-").unwrap_or(text);
    match digits.parse() {
        Ok(id) if digits.len() < SHORTEST_NUMBER => Customer::Contact(id),
        _ => person(text),
    }
}

/// A phone number in any spelling, a WhatsApp address, an e-mail address.
fn person(text: &str) -> Customer {
    let bare = text.strip_prefix("whatsapp:").or(text.strip_prefix("tel:")).unwrap_or(text).trim();
    if let Some(jid) = Jid::parse(bare).filter(Jid::is_person) {
        let phone = jid.phone().map(str::to_owned);
        return Customer::At { addresses: vec![jid.to_string()], phone };
    }
    if email::is_address(bare) {
        return Customer::At { addresses: vec![email::contact_address(bare)], phone: None };
    }
    let dressing = bare.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits).to_owned();
    if !dressing || !(SHORTEST_NUMBER..=20).contains(&digits.len()) {
        return Customer::Unknown;
    }
    Customer::At { addresses: vec![format!("{digits}@s.whatsapp.net")], phone: Some(digits) }
}

fn chat(rows: &Rows<'_>, text: &str) -> Result<Customer, ReadError> {
    if let Ok(id) = text.parse::<u64>()
        && rows.get::<Conversation>(&key::number(id))?.is_some()
    {
        return Ok(Customer::Conversation(id));
    }
    let by_person = person(text);
    if by_person != Customer::Unknown {
        return Ok(by_person);
    }
    let session = key::session(&rows.seal.hash("session", &[text.as_bytes()]));
    let ticket = match rows.pointer(&session)? {
        Some(number) => rows.live(number)?,
        None => Reference::parse(text).map_or(Ok(None), |reference| rows.resolve(&reference))?,
    };
    Ok(match ticket {
        Some(ticket) if ticket.channel == Channel::Call => Customer::Call(ticket.number),
        Some(ticket) => match (rows.conversation_of(&ticket)?, ticket.requester.contact) {
            (Some(id), _) => Customer::Conversation(id),
            (None, Some(id)) => Customer::Contact(id),
            (None, None) => Customer::Unknown,
        },
        None => Customer::Unknown,
    })
}
