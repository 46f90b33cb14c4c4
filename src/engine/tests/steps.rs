//! What may happen to a contact centre, one step at a time, in any order.

use proptest::prelude::*;

use crate::domain::contact::Mode;
use crate::domain::entry::Delivery;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::IfAttached;

/// Under which of a person's addresses a message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    Phone,
    Lid,
    Both,
}

/// A message: whose, over which bridge, under which address.
#[derive(Clone, Debug)]
pub struct Writes {
    pub person: usize,
    pub instance: usize,
    pub under: Under,
    pub from_me: bool,
    pub has_id: bool,
    /// Microseconds on its way.
    pub sent_before: i64,
}

/// Positions (`which`, `call`, `ticket`) count what there is at that time, and wrap around.
#[derive(Clone, Debug)]
pub enum Step {
    Wait(i64),
    SetClock {
        by: i64,
        synchronized: bool,
    },
    PowerCut {
        by: i64,
    },
    Message(Writes),
    MessageAgain {
        which: usize,
        under: Option<Under>,
    },
    Join {
        person: usize,
    },
    /// People note something of a contact, find that two are one person, or that one is two.
    Note {
        person: usize,
        vip: bool,
    },
    MergeContacts {
        person: usize,
        into: usize,
    },
    SplitContact {
        person: usize,
        under: Under,
    },
    Open {
        session: usize,
        connected: bool,
        if_attached: IfAttached,
    },
    Fact {
        call: usize,
        fact: CallFact,
    },
    FactAgain {
        which: usize,
    },
    Detach {
        call: usize,
        stale: bool,
    },
    End {
        call: usize,
        by_relay: bool,
    },
    Expire {
        call: usize,
    },
    OrphanCalls,
    Log {
        call: usize,
        said_before: Option<i64>,
    },
    Metadata {
        call: usize,
    },
    Update {
        call: usize,
        category: bool,
        priority: Option<Priority>,
        status: Option<Status>,
    },
    Claim {
        ticket: usize,
        agent: u64,
    },
    SetStatus {
        ticket: usize,
        to: Status,
    },
    Comment {
        ticket: usize,
        is_internal: bool,
    },
    Dispatched {
        which: usize,
        sent: bool,
        with_id: bool,
    },
    Receipt {
        which: usize,
        state: Delivery,
    },
    Echo {
        which: usize,
    },
    Resend {
        which: usize,
    },
    SetMode {
        ticket: usize,
        mode: Mode,
    },
    /// Of two chats; whole ones of one timeline each, or not.
    Merge {
        into: usize,
        other: usize,
    },
    Unmerge {
        which: usize,
    },
    Delete {
        ticket: usize,
    },
    Restore {
        which: usize,
    },
    /// The latest request with an `Idempotency-Key`, or an older one, comes again.
    RequestAgain {
        which: usize,
    },
    /// Its key comes with another request.
    KeyAgain {
        which: usize,
    },
    Sweep,
}

#[derive(Clone, Copy, Debug)]
pub enum CallFact {
    /// An item is announced behind the one before it.
    Placed {
        item: usize,
    },
    Said {
        item: usize,
        index: u32,
        by_agent: bool,
    },
    ToolNamed {
        item: usize,
    },
    ToolCalled {
        item: usize,
    },
    ToolAnswered {
        item: usize,
    },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..90)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => wait().prop_map(Step::Wait),
        1 => (jump(), any::<bool>()).prop_map(|(by, synchronized)| Step::SetClock { by, synchronized }),
        1 => jump().prop_map(|by| Step::PowerCut { by }),
        8 => message(),
        4 => (any::<usize>(), prop::option::of(under()))
            .prop_map(|(which, under)| Step::MessageAgain { which, under }),
        1 => (0..4usize).prop_map(|person| Step::Join { person }),
        1 => (0..4usize, any::<bool>()).prop_map(|(person, vip)| Step::Note { person, vip }),
        1 => (0..4usize, 0..4usize)
            .prop_map(|(person, into)| Step::MergeContacts { person, into }),
        1 => (0..4usize, under()).prop_map(|(person, under)| Step::SplitContact { person, under }),
        3 => (0..3usize, any::<bool>(), if_attached())
            .prop_map(|(session, connected, if_attached)| Step::Open { session, connected, if_attached }),
        14 => (any::<usize>(), fact()).prop_map(|(call, fact)| Step::Fact { call, fact }),
        4 => any::<usize>().prop_map(|which| Step::FactAgain { which }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(call, stale)| Step::Detach { call, stale }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(call, by_relay)| Step::End { call, by_relay }),
        1 => any::<usize>().prop_map(|call| Step::Expire { call }),
        1 => Just(Step::OrphanCalls),
        2 => (any::<usize>(), prop::option::of(0..5 * Micros::SECOND))
            .prop_map(|(call, said_before)| Step::Log { call, said_before }),
        1 => any::<usize>().prop_map(|call| Step::Metadata { call }),
        1 => (any::<usize>(), any::<bool>(), prop::option::of(priority()), prop::option::of(status()))
            .prop_map(|(call, category, priority, status)| Step::Update { call, category, priority, status }),
        3 => (any::<usize>(), 1..4u64).prop_map(|(ticket, agent)| Step::Claim { ticket, agent }),
        4 => (any::<usize>(), status()).prop_map(|(ticket, to)| Step::SetStatus { ticket, to }),
        5 => (any::<usize>(), prop::bool::weighted(0.2))
            .prop_map(|(ticket, is_internal)| Step::Comment { ticket, is_internal }),
        4 => (any::<usize>(), prop::bool::weighted(0.7), prop::bool::weighted(0.7))
            .prop_map(|(which, sent, with_id)| Step::Dispatched { which, sent, with_id }),
        4 => (any::<usize>(), delivery()).prop_map(|(which, state)| Step::Receipt { which, state }),
        3 => any::<usize>().prop_map(|which| Step::Echo { which }),
        2 => any::<usize>().prop_map(|which| Step::Resend { which }),
        1 => (any::<usize>(), prop::sample::select(&[Mode::Bot, Mode::Agent][..]))
            .prop_map(|(ticket, mode)| Step::SetMode { ticket, mode }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(into, other)| Step::Merge { into, other }),
        1 => any::<usize>().prop_map(|which| Step::Unmerge { which }),
        1 => any::<usize>().prop_map(|ticket| Step::Delete { ticket }),
        1 => any::<usize>().prop_map(|which| Step::Restore { which }),
        3 => any::<usize>().prop_map(|which| Step::RequestAgain { which }),
        1 => any::<usize>().prop_map(|which| Step::KeyAgain { which }),
        1 => Just(Step::Sweep),
    ]
}

/// A box without a clock battery starts in the past; a wrong time server is anywhere.
fn jump() -> impl Strategy<Value = i64> {
    const YEARS: i64 = 3650 * Micros::DAY;
    prop_oneof![
        2 => Just(YEARS),
        2 => Just(-YEARS),
        1 => -Micros::MINUTE..Micros::MINUTE,
        1 => -20 * Micros::DAY..20 * Micros::DAY,
    ]
}

/// Mostly a moment, sometimes days.
fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 1..2 * Micros::SECOND,
        2 => Micros::SECOND..20 * Micros::SECOND,
        2 => Micros::HOUR..3 * Micros::DAY,
        1 => 3 * Micros::DAY..30 * Micros::DAY,
    ]
}

fn message() -> impl Strategy<Value = Step> {
    let sent_before = 0..3 * Micros::SECOND;
    let from_me = prop::bool::weighted(0.2);
    let has_id = prop::bool::weighted(0.8);
    (0..4usize, 0..2usize, under(), from_me, has_id, sent_before).prop_map(
        |(person, instance, under, from_me, has_id, sent_before)| {
            Step::Message(Writes { person, instance, under, from_me, has_id, sent_before })
        },
    )
}

fn under() -> impl Strategy<Value = Under> {
    prop_oneof![Just(Under::Phone), Just(Under::Lid), Just(Under::Both)]
}

fn if_attached() -> impl Strategy<Value = IfAttached> {
    prop_oneof![Just(IfAttached::Ask), Just(IfAttached::TakeOver), Just(IfAttached::OpenAnother)]
}

fn fact() -> impl Strategy<Value = CallFact> {
    let item = 0..10usize;
    prop_oneof![
        4 => item.clone().prop_map(|item| CallFact::Placed { item }),
        5 => (item.clone(), 0..2u32, any::<bool>())
            .prop_map(|(item, index, by_agent)| CallFact::Said { item, index, by_agent }),
        1 => item.clone().prop_map(|item| CallFact::ToolNamed { item }),
        1 => item.clone().prop_map(|item| CallFact::ToolCalled { item }),
        1 => item.prop_map(|item| CallFact::ToolAnswered { item }),
    ]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    use Delivery::*;
    prop::sample::select(&[Sent, Delivered, Read, Failed][..])
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.as_slice())
}

fn priority() -> impl Strategy<Value = Priority> {
    prop::sample::select(Priority::ALL.as_slice())
}
