//! What we wrote, delivered before the customer's message that it answers: a bridge that was offline delivers in
//! any order. It makes no ticket; it waits, and joins the ticket of a customer's message that was sent before it.

use super::{identity, whatsapp};
use crate::domain::message::OwnMessage;
use crate::engine::command::{GroupPost, InboundMessage, Refusal};
use crate::engine::draft::Draft;

/// Keeps a message of our own whose chat has no ticket. One that does not say when it was sent is older than
/// all that comes.
pub fn keep(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<(), Refusal> {
    let (Some(id), Some(at)) = (&message.id, message.sent_at) else { return Ok(()) };
    let mut known = identity::unclaimed(draft, &message.instance, &message.addresses)?;
    known.add(OwnMessage {
        id: id.clone(),
        at,
        text: message.text.clone(),
        attachment: message.attachment.clone(),
        quoted: message.quoted.clone(),
    });
    identity::keep_unclaimed(draft, &message.instance, &message.addresses, &known)?;
    Ok(())
}

/// Adds to the ticket of this customer's message what we wrote behind it.
pub fn claim(
    draft: &mut Draft<'_>,
    message: &InboundMessage,
    addresses: &[String],
) -> Result<(), Refusal> {
    let Some(sent_at) = message.sent_at else { return Ok(()) };
    let mut known = identity::unclaimed(draft, &message.instance, addresses)?;
    let (answers, others): (Vec<_>, Vec<_>) =
        known.messages.into_iter().partition(|own| own.at >= sent_at);
    if answers.is_empty() {
        return Ok(());
    }
    known.messages = others;
    identity::keep_unclaimed(draft, &message.instance, addresses, &known)?;
    for own in answers {
        let own = InboundMessage {
            instance: message.instance.clone(),
            id: Some(own.id),
            ids: message.ids,
            addresses: addresses.to_vec(),
            from_me: true,
            sent_at: Some(own.at),
            text: own.text,
            attachment: own.attachment,
            quoted: own.quoted,
            group: message.group.as_ref().map(|_| GroupPost::default()),
            ..InboundMessage::default()
        };
        whatsapp::add(draft, &own, addresses)?;
    }
    Ok(())
}
