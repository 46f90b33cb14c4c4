//! WhatsApp addresses: `USER[_AGENT][:DEVICE]@SERVER`. Here every address has one spelling: no device, lower-case
//! server, `c.us` and `hosted` read as `s.whatsapp.net`, `hosted.lid` as `lid` (a hosted server is one
//! device of the same person). A LID's digits are not a phone number.

/// Longest user part taken for one; WhatsApp's own have at most 20 digits, groups 40 characters.
const MAX_USER: usize = 128;

/// The server under which Meta's business-scoped user ids stand here.
const BSUID: &str = "bsuid";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Phone,
    Lid,
    /// A person whom Meta names without a number (`MX.123…`), on a server of our own naming.
    Bsuid,
    Group,
    /// Somebody's broadcast list: a private message, sent by the participant.
    BroadcastList,
    Status,
    Newsletter,
    /// WhatsApp's own accounts and bots.
    Service,
    /// A server not known here: a person with no other address.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jid {
    user: String,
    server: String,
    pub kind: Kind,
}

impl Jid {
    pub fn parse(text: &str) -> Option<Jid> {
        let (user, server) = text.trim().rsplit_once('@')?;
        let server = server.to_ascii_lowercase();
        let server = match server.as_str() {
            "c.us" | "hosted" => "s.whatsapp.net",
            "hosted.lid" => "lid",
            other => other,
        };
        let personal = matches!(server, "s.whatsapp.net" | "lid");
        let user = if personal { user.split([':', '_']).next()? } else { user };
        let plain = |c: char| c.is_ascii_graphic() && c != '@';
        if !(1..=MAX_USER).contains(&user.len()) || !user.chars().all(plain) {
            return None;
        }
        let digits = user.bytes().all(|b| b.is_ascii_digit());
        let kind = match server {
            "s.whatsapp.net" if user == "0" || user == "server" => Kind::Service,
            "s.whatsapp.net" if digits && user.len() <= 20 => Kind::Phone,
            "s.whatsapp.net" => return None,
            "lid" => Kind::Lid,
            BSUID => Kind::Bsuid,
            "g.us" => Kind::Group,
            "broadcast" if user == "status" => Kind::Status,
            "broadcast" => Kind::BroadcastList,
            "newsletter" => Kind::Newsletter,
            "bot" => Kind::Service,
            "" => return None,
            other if other.len() > MAX_USER || !other.chars().all(plain) => return None,
            _ => Kind::Other,
        };
        Some(Jid { user: user.to_owned(), server: server.to_owned(), kind })
    }

    /// As [`Jid::parse`], and bare digits, with or without `+`, are a phone number.
    pub fn parse_or_phone(text: &str) -> Option<Jid> {
        let bare = text.trim().trim_start_matches('+');
        if bare.contains('@') {
            Jid::parse(text)
        } else {
            Jid::parse(&format!("{bare}@s.whatsapp.net"))
        }
    }

    /// The address of a person whom Meta names by a business-scoped user id.
    pub fn of_bsuid(id: &str) -> Option<Jid> {
        Jid::parse(&format!("{}@{BSUID}", id.trim()))
    }

    /// Whether it is one of the kinds of address that a person may have several of.
    pub fn is_person(&self) -> bool {
        matches!(self.kind, Kind::Phone | Kind::Lid | Kind::Bsuid)
    }

    /// E.164 digits without `+` (S4.19).
    pub fn phone(&self) -> Option<&str> {
        (self.kind == Kind::Phone).then_some(self.user.as_str())
    }
}

impl std::fmt::Display for Jid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.user, self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Kind) {
        let jid = Jid::parse(text).unwrap_or_else(|| panic!("{text} is an address"));
        (jid.to_string(), jid.kind)
    }

    #[test]
    fn every_address_has_one_spelling() {
        let phone = ("628123456789@s.whatsapp.net".to_owned(), Kind::Phone);
        for text in [
            "628123456789@s.whatsapp.net",
            "628123456789:12@s.whatsapp.net",
            "628123456789_1:12@s.whatsapp.net",
            "628123456789@c.us",
            "628123456789:99@hosted",
            " 628123456789@S.WhatsApp.net ",
        ] {
            assert_eq!(read(text), phone, "{text}");
        }
        let lid = ("103726491234567@lid".to_owned(), Kind::Lid);
        for text in ["103726491234567@lid", "103726491234567:4@lid", "103726491234567@hosted.lid"] {
            assert_eq!(read(text), lid, "{text}");
        }
    }

    #[test]
    fn servers_tell_people_from_the_rest() {
        assert_eq!(read("120363041234567890@g.us").1, Kind::Group);
        assert_eq!(read("6281-1400000000@g.us").0, "6281-1400000000@g.us");
        assert_eq!(read("status@broadcast").1, Kind::Status);
        assert_eq!(read("1700000000@broadcast").1, Kind::BroadcastList);
        assert_eq!(read("120363@newsletter").1, Kind::Newsletter);
        assert_eq!(read("13135550002@bot").1, Kind::Service);
        assert_eq!(read("0@c.us").1, Kind::Service);
        assert_eq!(read("abc@interop").1, Kind::Other);
    }

    #[test]
    fn only_a_phone_address_has_a_phone_number() {
        let phone = |text| Jid::parse(text).and_then(|jid| jid.phone().map(str::to_owned));
        assert_eq!(phone("628123456789:3@c.us").as_deref(), Some("628123456789"));
        assert_eq!(phone("103726491234567@lid"), None);
        assert_eq!(phone("120363041234567890@g.us"), None);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "@",
            "628123456789",
            "@s.whatsapp.net",
            ":3@lid",
            "budi@s.whatsapp.net",
            "6 2@lid",
            "62@",
            "62\u{0}@lid",
            "123456789012345678901@c.us",
        ] {
            assert_eq!(Jid::parse(text), None, "{text:?}");
        }
        assert_eq!(Jid::parse(&format!("{}@lid", "1".repeat(129))), None);
        let bare = Jid::parse_or_phone("+628123456789").map(|jid| jid.to_string());
        assert_eq!(bare.as_deref(), Some("628123456789@s.whatsapp.net"));
    }
}
