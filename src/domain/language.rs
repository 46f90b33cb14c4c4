//! What assistants' tools say to customers, in the languages of the desk (S2.8, S4.29).

use super::status::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Spanish,
    Indonesian,
    English,
    Chinese,
}

use Language::*;

/// The first digits of numbers of countries where nearly everybody speaks one of them.
const BY_COUNTRY: [(&str, Language); 38] = [
    ("34", Spanish),
    ("51", Spanish),
    ("52", Spanish),
    ("53", Spanish),
    ("54", Spanish),
    ("56", Spanish),
    ("57", Spanish),
    ("58", Spanish),
    ("502", Spanish),
    ("503", Spanish),
    ("504", Spanish),
    ("505", Spanish),
    ("506", Spanish),
    ("507", Spanish),
    ("591", Spanish),
    ("593", Spanish),
    ("595", Spanish),
    ("598", Spanish),
    ("1787", Spanish),
    ("1809", Spanish),
    ("1829", Spanish),
    ("1849", Spanish),
    ("1939", Spanish),
    ("62", Indonesian),
    ("86", Chinese),
    ("852", Chinese),
    ("853", Chinese),
    ("886", Chinese),
    ("1", English),
    ("27", English),
    ("44", English),
    ("61", English),
    ("64", English),
    ("65", English),
    ("91", English),
    ("234", English),
    ("254", English),
    ("353", English),
];

impl Language {
    /// Reads a language tag: `es`, `es-MX`, `zh_Hans`.
    pub fn parse(tag: &str) -> Option<Language> {
        let first = tag.trim().split(['-', '_', ',', ';']).next().unwrap_or_default();
        match first.to_ascii_lowercase().as_str() {
            "es" | "spanish" => Some(Spanish),
            "id" | "in" | "indonesian" => Some(Indonesian),
            "en" | "english" => Some(English),
            "zh" | "chinese" => Some(Chinese),
            _ => None,
        }
    }

    /// What is most likely spoken by whoever has this number, by its digits.
    pub fn of_number(digits: &str) -> Option<Language> {
        let known = BY_COUNTRY.iter().filter(|(country, _)| digits.starts_with(country));
        known.max_by_key(|(country, _)| country.len()).map(|(_, language)| *language)
    }

    fn pick(self, words: [&'static str; 4]) -> &'static str {
        words[self as usize]
    }

    pub fn created(self) -> &'static str {
        self.pick([
            "Ticket creado exitosamente",
            "Tiket berhasil dibuat",
            "Ticket created successfully",
            "工单已成功创建",
        ])
    }

    pub fn not_created(self) -> &'static str {
        self.pick([
            "No se pudo crear el ticket. Por favor intenta de nuevo.",
            "Tiket tidak dapat dibuat. Silakan coba lagi.",
            "The ticket could not be created. Please try again.",
            "无法创建工单，请重试。",
        ])
    }

    pub fn not_read(self) -> &'static str {
        self.pick([
            "No se pudo consultar el ticket. Por favor intenta de nuevo.",
            "Tiket tidak dapat dibaca. Silakan coba lagi.",
            "The ticket could not be read. Please try again.",
            "无法查询工单，请重试。",
        ])
    }

    /// Said alike of a ticket that is not there and of one that is somebody else's.
    pub fn not_yours(self) -> &'static str {
        self.pick([
            "No encontramos ningún ticket tuyo con esos datos.",
            "Kami tidak menemukan tiket Anda dengan data tersebut.",
            "We could not find a ticket of yours with these details.",
            "我们没有找到您名下符合这些信息的工单。",
        ])
    }

    pub fn none_yet(self) -> &'static str {
        self.pick([
            "No tienes tickets registrados.",
            "Anda belum memiliki tiket.",
            "You have no tickets yet.",
            "您还没有工单。",
        ])
    }

    pub fn no_such_tool(self) -> &'static str {
        self.pick([
            "Esa función no está disponible.",
            "Fungsi itu tidak tersedia.",
            "That function is not available.",
            "该功能不可用。",
        ])
    }

    pub fn status(self, status: Status) -> &'static str {
        self.pick(match status {
            Status::New => ["Nuevo", "Baru", "New", "新建"],
            Status::Open => ["Abierto", "Terbuka", "Open", "已打开"],
            Status::InProgress => ["En proceso", "Sedang dikerjakan", "In progress", "处理中"],
            Status::PendingCustomer => {
                ["Esperando tu respuesta", "Menunggu jawaban Anda", "Waiting for you", "等待您回复"]
            }
            Status::WaitingInternal => {
                ["En espera interna", "Menunggu internal", "Waiting internally", "内部等待中"]
            }
            Status::Resolved => ["Resuelto", "Selesai", "Resolved", "已解决"],
            Status::Closed => ["Cerrado", "Ditutup", "Closed", "已关闭"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_its_tag_or_by_the_number() {
        assert_eq!(Language::parse("es-MX"), Some(Spanish));
        assert_eq!(Language::parse("zh_Hans"), Some(Chinese));
        assert_eq!(Language::parse("de"), None);
        assert_eq!(Language::of_number("5214491234567"), Some(Spanish));
        assert_eq!(Language::of_number("628123456789"), Some(Indonesian));
        assert_eq!(Language::of_number("18095551234"), Some(Spanish));
        assert_eq!(Language::of_number("14155551234"), Some(English));
        assert_eq!(Language::of_number("49301234567"), None);
    }
}
