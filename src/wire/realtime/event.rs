//! From one event to its facts.

use serde_json::value::RawValue;

use super::shallow::{Raw, elements, members, members_of, number, text};
use super::{After, Event, Fact, ItemKind, MAX_FACTS, MAX_ID, Speaker};

/// How much an event that shows an item knows of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The item is as final as its own `status` says.
    Shown,
    /// The event itself says that the item is finished.
    Done,
}

pub fn read(kind: Option<String>, event_id: Raw<'_>, event: &str) -> Event {
    let kind = kind.filter(|kind| kind.len() <= MAX_ID).unwrap_or_default();
    let mut facts = facts(&kind, event);
    facts.truncate(MAX_FACTS);
    Event { event_id: id(event_id), kind, facts }
}

fn facts(kind: &str, event: &str) -> Vec<Fact> {
    use Speaker::{Agent, User};
    match kind {
        "session.created" => {
            let [session] = top(event, ["session"]);
            let [session] = members_of(session, ["id"]);
            vec![Fact::SessionStarted { session: id(session) }]
        }
        "input_audio_buffer.committed" => {
            let [item, previous] = top(event, ["item_id", "previous_item_id"]);
            Vec::from_iter(placed(id(item), previous, ItemKind::User))
        }
        "conversation.item.created" | "conversation.item.added" => in_place(event, Stage::Shown),
        "conversation.item.done" => in_place(event, Stage::Done),
        "conversation.item.retrieved" => {
            let [item] = top(event, ["item"]);
            Item::read(item).facts(Stage::Shown, None)
        }
        "conversation.item.create" => {
            let [item] = top(event, ["item"]);
            sent_by_client(Item::read(item))
        }
        "conversation.item.input_audio_transcription.completed" => said(event, "transcript", User),
        "response.audio_transcript.done" | "response.output_audio_transcript.done" => {
            said(event, "transcript", Agent)
        }
        "response.text.done" | "response.output_text.done" => said(event, "text", Agent),
        "conversation.item.input_audio_transcription.delta" => piece(event, User),
        "response.audio_transcript.delta"
        | "response.output_audio_transcript.delta"
        | "response.text.delta"
        | "response.output_text.delta" => piece(event, Agent),
        "response.content_part.done" => {
            let [item, index, part] = top(event, ["item_id", "content_index", "part"]);
            let index = number(index).unwrap_or(0);
            Vec::from_iter(part_said(id(item), index, Agent, part))
        }
        "response.function_call_arguments.done" => {
            let [item, call_id, name, arguments] =
                top(event, ["item_id", "call_id", "name", "arguments"]);
            let called = |arguments| Fact::ToolCalled {
                item: id(item),
                call_id: id(call_id),
                name: id(name),
                arguments,
            };
            Vec::from_iter(text(arguments).map(called))
        }
        "response.output_item.added" | "response.output_item.done" => {
            let stage = if kind.ends_with("done") { Stage::Done } else { Stage::Shown };
            let [item] = top(event, ["item"]);
            Item::read(item).facts(stage, Some(Agent))
        }
        "response.done" => {
            let [response] = top(event, ["response"]);
            let [output] = members_of(response, ["output"]);
            let items = elements(output, MAX_FACTS).into_iter();
            let facts =
                items.flat_map(|item| Item::read(Some(item)).facts(Stage::Done, Some(Agent)));
            facts.take(MAX_FACTS).collect()
        }
        _ => Vec::new(),
    }
}

/// Members of the event itself, which [`super::parse`] has seen to be an object.
fn top<'a, const N: usize>(event: &'a str, names: [&str; N]) -> [Raw<'a>; N] {
    members(event, names).unwrap_or([None; N])
}

/// An item together with the one before it.
fn in_place(event: &str, stage: Stage) -> Vec<Fact> {
    let [item, previous] = top(event, ["item", "previous_item_id"]);
    let item = Item::read(item);
    let place = placed(item.id.clone(), previous, item.kind);
    place.into_iter().chain(item.facts(stage, None)).collect()
}

/// What the client sends to the service. The service answers with the same item: words without an id of their
/// own could not be told from that echo, so they are told apart here.
fn sent_by_client(item: Item<'_>) -> Vec<Fact> {
    let has_no_id = item.id.is_none();
    let facts = item.facts(Stage::Shown, None).into_iter();
    facts
        .filter_map(|fact| match fact {
            Fact::Said { index, speaker, text, .. } if has_no_id => {
                Some(Fact::Typed { index, speaker, text })
            }
            Fact::ToolAnswered { .. } => Some(fact),
            fact => (!has_no_id).then_some(fact),
        })
        .collect()
}

fn placed(item: Option<String>, previous: Raw<'_>, kind: ItemKind) -> Option<Fact> {
    let after = match previous.map(RawValue::get) {
        Some("null" | "\"root\"") => After::Start,
        _ => id(previous).map_or(After::Unknown, After::Item),
    };
    Some(Fact::Placed { item: item?, after, kind })
}

fn said(event: &str, words: &str, speaker: Speaker) -> Vec<Fact> {
    let [item, index, words] = top(event, ["item_id", "content_index", words]);
    let said =
        |text| Fact::Said { item: id(item), index: number(index).unwrap_or(0), speaker, text };
    Vec::from_iter(spoken(words).map(said))
}

/// Blanks count: they part the words of two pieces.
fn piece(event: &str, speaker: Speaker) -> Vec<Fact> {
    let [item, index, more] = top(event, ["item_id", "content_index", "delta"]);
    let of = |(item, text)| Fact::Piece { item, index: number(index).unwrap_or(0), speaker, text };
    Vec::from_iter(id(item).zip(text(more).filter(|text| !text.is_empty())).map(of))
}

fn part_said(item: Option<String>, index: u32, speaker: Speaker, part: Raw<'_>) -> Option<Fact> {
    let [transcript, written] = members_of(part, ["transcript", "text"]);
    let text = spoken(transcript).or_else(|| spoken(written))?;
    Some(Fact::Said { item, index, speaker, text })
}

/// One item of a conversation: a message, a function call or the output of one.
struct Item<'a> {
    id: Option<String>,
    kind: ItemKind,
    /// The item's type says that it is a message.
    message: bool,
    in_progress: bool,
    content: Raw<'a>,
    call_id: Option<String>,
    name: Option<String>,
    arguments: Raw<'a>,
    output: Raw<'a>,
}

impl<'a> Item<'a> {
    fn read(item: Raw<'a>) -> Item<'a> {
        let [of_type, role, status] = members_of(item, ["type", "role", "status"]).map(text);
        let [item_id, content, call_id, name, arguments, output] =
            members_of(item, ["id", "content", "call_id", "name", "arguments", "output"]);
        let message = matches!(of_type.as_deref(), Some("message") | None);
        let kind = match (of_type.as_deref(), role.as_deref()) {
            (Some("function_call"), _) => ItemKind::ToolCall,
            (Some("function_call_output"), _) => ItemKind::ToolOutput,
            (Some("message") | None, Some("user")) => ItemKind::User,
            (Some("message") | None, Some("assistant")) => ItemKind::Agent,
            (Some("message") | None, Some("system")) => ItemKind::System,
            _ => ItemKind::Unknown,
        };
        Item {
            id: id(item_id),
            kind,
            message,
            in_progress: status.as_deref() == Some("in_progress"),
            content,
            call_id: id(call_id),
            name: id(name),
            arguments,
            output,
        }
    }

    /// `speaker` is who speaks when the item does not say.
    fn facts(self, stage: Stage, speaker: Option<Speaker>) -> Vec<Fact> {
        let unfinished = self.in_progress && stage == Stage::Shown;
        match self.kind {
            ItemKind::ToolCall => Vec::from_iter(self.tool_call(stage, unfinished)),
            ItemKind::ToolOutput => Vec::from_iter(self.tool_output()),
            // Half a sentence must not take the place of the whole one.
            _ if unfinished => Vec::new(),
            ItemKind::User => self.words(Speaker::User),
            ItemKind::Agent => self.words(Speaker::Agent),
            ItemKind::Unknown if self.message => {
                speaker.map(|speaker| self.words(speaker)).unwrap_or_default()
            }
            ItemKind::System | ItemKind::Unknown => Vec::new(),
        }
    }

    fn words(self, speaker: Speaker) -> Vec<Fact> {
        let parts = elements(self.content, MAX_FACTS).into_iter().zip(0..);
        parts
            .filter_map(|(part, index)| part_said(self.id.clone(), index, speaker, Some(part)))
            .collect()
    }

    fn tool_call(self, stage: Stage, unfinished: bool) -> Option<Fact> {
        let arguments = match text(self.arguments) {
            Some(arguments) if stage == Stage::Done || !(unfinished || arguments.is_empty()) => {
                Some(arguments)
            }
            // A call that is over was made, whatever became of its arguments.
            None if stage == Stage::Done => Some(String::new()),
            _ => None,
        };
        match arguments {
            Some(arguments) => Some(Fact::ToolCalled {
                item: self.id,
                call_id: self.call_id,
                name: self.name,
                arguments,
            }),
            None => {
                Some(Fact::ToolNamed { item: self.id, call_id: self.call_id?, name: self.name? })
            }
        }
    }

    fn tool_output(self) -> Option<Fact> {
        Some(Fact::ToolAnswered {
            item: self.id,
            call_id: self.call_id?,
            output: text(self.output)?,
        })
    }
}

/// An id or a name; an empty or overlong one counts as absent.
fn id(raw: Raw<'_>) -> Option<String> {
    text(raw).filter(|id| !id.is_empty() && id.len() <= MAX_ID)
}

/// Words as they came; noise is transcribed as blanks and counts as nothing.
fn spoken(raw: Raw<'_>) -> Option<String> {
    text(raw).filter(|text| !text.trim().is_empty())
}
