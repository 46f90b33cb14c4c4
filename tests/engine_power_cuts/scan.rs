//! What a search shall find, by looking at every row: the meaning of queries, written down without an index.

use std::collections::{BTreeMap, BTreeSet};

use frontdesk::domain::contact::Contact;
use frontdesk::domain::entry::Entry;
use frontdesk::domain::search::query::{Field, Query, Text, What};
use frontdesk::domain::search::stem::{guess, stems};
use frontdesk::domain::search::{digits_sought, phone_end, phone_ends, words};
use frontdesk::domain::ticket::Ticket;
use frontdesk::domain::time::Micros;
use frontdesk::engine::Engine;
use frontdesk::engine::index::Span;
use frontdesk::engine::rows::ReadError;
use frontdesk::store::Order;

/// A document as an obvious scan sees it.
#[derive(Default)]
struct Document {
    ticket: Option<u64>,
    /// The ticket that it is of when nothing is merged; 0 of contacts.
    own: u64,
    contact: Option<u64>,
    is_entry: bool,
    at: Micros,
    texts: Vec<String>,
    marks: Vec<String>,
    names: Vec<String>,
    phones: Vec<String>,
}

impl Document {
    fn entry(entry: &Entry) -> Option<Document> {
        let mut document =
            Document { is_entry: true, own: entry.ticket, at: entry.at, ..Document::default() };
        document.texts.push(entry.body.clone());
        if let Some(attachment) = &entry.attachment {
            document.marks.push("attachment".into());
            document.texts.extend(attachment.file_name.clone());
        }
        let says = document.texts.iter().any(|text| !words(text).is_empty());
        document.marks.push(entry.speaker.as_str().into());
        document.names.extend(entry.author.clone());
        (says || entry.attachment.is_some()).then_some(document)
    }

    fn ticket(ticket: &Ticket) -> Document {
        let asks = &ticket.requester;
        // Numbers of orders are found in what customers write, and stay when that is edited.
        let about = [&ticket.subject, &ticket.description, &ticket.summary, &ticket.order_id];
        let texts = about.into_iter().chain([&asks.name, &asks.phone]);
        let mut texts: Vec<String> = texts.flatten().cloned().collect();
        texts.extend([ticket.number.to_string(), ticket.ticket_id.clone()]);
        let names = [&asks.name, &asks.phone].into_iter().flatten().cloned().collect();
        Document {
            own: ticket.number,
            texts,
            names,
            phones: asks.phone.iter().cloned().collect(),
            ..Document::default()
        }
    }

    fn contact(contact: &Contact) -> Option<Document> {
        let texts: Vec<String> = contact.name.iter().chain(&contact.phone).cloned().collect();
        let addresses = contact.addresses.iter();
        let digits = addresses.filter_map(|a| a.strip_suffix("@s.whatsapp.net")).map(str::to_owned);
        let phones: Vec<String> = contact.phone.iter().cloned().chain(digits).collect();
        let is_known = contact.merged_into.is_none() && !(texts.is_empty() && phones.is_empty());
        let contact = Some(contact.id);
        is_known.then(|| Document { contact, texts, phones, ..Document::default() })
    }

    fn has_phone(&self, digits: &str) -> bool {
        let end = phone_end(digits);
        self.phones.iter().any(|phone| phone_ends(phone).any(|known| known == end))
    }

    /// Whether its author, or who asks, is known by this name or number.
    fn is_of(&self, name: &str) -> bool {
        let has = |wanted: &str| {
            let names = self.names.iter().flat_map(|name| words(name));
            names.into_iter().any(|word| word.folded == wanted)
        };
        match digits_sought(name) {
            Some(digits) => self.has_phone(&digits) || has(&digits),
            None => words(name).iter().all(|wanted| has(&wanted.folded)),
        }
    }

    fn holds(&self, wanted: &Text, near: bool) -> bool {
        let by_phone = wanted.phone.as_deref().is_some_and(|digits| {
            self.has_phone(digits)
                || self.texts.iter().any(|text| words(text).iter().any(|w| w.folded == digits))
        });
        by_phone || self.texts.iter().any(|text| stands_in(text, wanted, near))
    }
}

fn stands_in(text: &str, wanted: &Text, near: bool) -> bool {
    let said = words(text);
    let language = guess(&said);
    let count = wanted.words.len();
    let is_begun = |at: usize, word: &str| {
        word == wanted.words[at]
            || (wanted.prefix && at + 1 == count && word.starts_with(&wanted.words[at]))
    };
    if let [word] = &wanted.words[..] {
        let forms = stems(word, None);
        return said.iter().map(|word| &word.folded).any(|said| {
            let own = stems(said, language);
            let form = forms.contains(said)
                || own.contains(word)
                || own.iter().any(|stem| forms.contains(stem));
            is_begun(0, said)
                || (!wanted.exact && form)
                || (near && strsim::osa_distance(said, word) == 1)
        });
    }
    count > 0 && said.windows(count).any(|here| (0..count).all(|at| is_begun(at, &here[at].folded)))
}

/// Whether a document holds something.
type Holds<'a> = Box<dyn Fn(&Document) -> bool + 'a>;

/// Everything that may be found.
pub struct Scanned {
    all: Vec<Document>,
    contacts: Vec<(u64, u64)>,
    made: BTreeMap<u64, Micros>,
    /// Of everything that has one.
    pub times: Vec<Micros>,
}

#[derive(Debug, Default)]
pub struct Expected {
    pub tickets: BTreeSet<u64>,
    pub messages: u64,
    pub contacts: u64,
}

impl Scanned {
    pub fn of(engine: &Engine) -> Scanned {
        let found = engine.read(|rows| {
            let mut all = Vec::new();
            let home = |number| Ok::<_, ReadError>(rows.home(number)?.map(|ticket| ticket.number));
            for (_, entry) in rows.scan::<Entry>(&[], None, Order::Ascending, usize::MAX)? {
                if let Some(document) =
                    Document::entry(&entry).filter(|_| entry.deleted_at.is_none())
                {
                    all.push(Document { ticket: home(entry.ticket)?, ..document });
                }
            }
            let (mut contacts, mut made) = (Vec::new(), BTreeMap::new());
            for (_, ticket) in rows.scan::<Ticket>(&[], None, Order::Ascending, usize::MAX)? {
                made.insert(ticket.number, ticket.created_at);
                let document = Document::ticket(&ticket);
                all.push(Document { ticket: home(ticket.number)?, ..document });
                contacts.extend(ticket.requester.contact.map(|contact| (ticket.number, contact)));
            }
            for (_, contact) in rows.scan::<Contact>(&[], None, Order::Ascending, usize::MAX)? {
                all.extend(Document::contact(&contact));
            }
            let said = all.iter().filter(|document| document.is_entry).map(|entry| entry.at);
            let times = said.chain(made.values().copied()).collect();
            Ok(Scanned { all, contacts, made, times })
        });
        found.expect("the rows can be read")
    }

    pub fn find(
        &self,
        query: &Query,
        visible: &BTreeSet<u64>,
        restricted: bool,
        time: Span,
    ) -> Expected {
        let shown: BTreeSet<u64> = self
            .contacts
            .iter()
            .filter(|(ticket, _)| visible.contains(ticket))
            .map(|(_, contact)| *contact)
            .collect();
        let is_visible = |document: &&Document| match (document.ticket, document.contact) {
            (Some(ticket), _) => visible.contains(&ticket),
            (None, Some(contact)) => !restricted || shown.contains(&contact),
            (None, None) => false,
        };
        let seen = || self.all.iter().filter(is_visible);
        let forgiven = |text: &Text| {
            let [word] = &text.words[..] else { return false };
            let long = word.chars().count() >= 5 && word.chars().all(char::is_alphabetic);
            long && !text.exact && !seen().any(|document| document.holds(text, false))
        };
        let mark = |wanted: &str, document: &Document| document.marks.iter().any(|m| m == wanted);
        let marks: Vec<&String> = query
            .clauses
            .iter()
            .filter_map(|clause| match &clause.what {
                What::Field(Field::Has | Field::Speaker, mark) if !clause.negated => Some(mark),
                _ => None,
            })
            .collect();
        let marked = |document: &Document| marks.iter().all(|m| mark(m, document));
        let mut tickets = visible.clone();
        let of = |holds: &dyn Fn(&Document) -> bool| -> BTreeSet<u64> {
            self.all.iter().filter(|d| holds(d)).filter_map(|d| d.ticket).collect()
        };
        let mut whole: Vec<Holds<'_>> = Vec::new();
        let mut unwanted: Vec<Holds<'_>> = Vec::new();
        let mut by: Vec<Holds<'_>> = Vec::new();
        for clause in &query.clauses {
            match &clause.what {
                What::Text(text) if clause.negated => {
                    let gone = of(&|document| document.holds(text, false));
                    tickets.retain(|number| !gone.contains(number));
                    unwanted.push(Box::new(move |document| document.holds(text, false)));
                }
                What::Text(text) => {
                    let near = forgiven(text);
                    let found = of(&|document| document.holds(text, near) && marked(document));
                    tickets.retain(|number| found.contains(number));
                    whole.push(Box::new(move |document| document.holds(text, near)));
                }
                What::Field(Field::From, name) => {
                    let found = of(&|document| document.is_of(name));
                    tickets.retain(|number| found.contains(number));
                    let theirs = self.all.iter().filter(|d| !d.is_entry && d.is_of(name));
                    let theirs: BTreeSet<u64> = theirs.map(|document| document.own).collect();
                    by.push(Box::new(move |document| {
                        let is_customer = mark("user", document);
                        document.is_of(name) || is_customer && theirs.contains(&document.own)
                    }));
                }
                What::Field(..) => {}
            }
        }
        if whole.is_empty() && !marks.is_empty() {
            let found = of(&|document| marked(document));
            tickets.retain(|number| found.contains(number));
        }
        let is_whole = |document: &Document| {
            (!whole.is_empty() || !marks.is_empty() || !by.is_empty())
                && by.iter().all(|wrote| wrote(document))
                && whole.iter().all(|holds| holds(document))
                && marked(document)
        };
        let is_message = |document: &&Document| {
            document.is_entry
                && document.ticket.is_some_and(|ticket| tickets.contains(&ticket))
                && is_whole(document)
                && time.holds(document.at.0)
        };
        let messages = self.all.iter().filter(is_message).count() as u64;
        let only_texts = query.clauses.iter().all(|clause| matches!(clause.what, What::Text(_)));
        let is_contact = |document: &&Document| {
            only_texts
                && document.contact.is_some()
                && is_visible(document)
                && is_whole(document)
                && !unwanted.iter().any(|holds| holds(document))
        };
        let contacts = self.all.iter().filter(is_contact).count() as u64;
        tickets.retain(|number| self.made.get(number).is_some_and(|at| time.holds(at.0)));
        Expected { tickets, messages, contacts }
    }
}
