//! What a check came to.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work, or soon will not.
    Error,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Error => "error",
        }
    }
}

/// One thing that was looked at. What it says goes into support bundles too, so it holds no word that
/// somebody wrote, no path and no name: those belong into `details`, which stay on this box.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at: `disk`, `store` …
    pub check: &'static str,
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl Finding {
    pub fn ok(check: &'static str, seen: impl Into<String>) -> Finding {
        let (verdict, seen) = (Verdict::Ok, seen.into());
        Finding { check, verdict, seen, advice: None, details: Vec::new() }
    }

    pub fn warning(
        check: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        let advice = Some(advice.into());
        Finding { verdict: Verdict::Warning, advice, ..Finding::ok(check, seen) }
    }

    pub fn error(
        check: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        Finding { verdict: Verdict::Error, ..Finding::warning(check, seen, advice) }
    }

    #[must_use]
    pub fn with(mut self, details: impl IntoIterator<Item = String>) -> Finding {
        self.details.extend(details);
        self
    }
}
