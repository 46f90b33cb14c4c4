//! What may be asked of canned responses.

/// A change; see [`super::decide`].
#[derive(Clone, Debug)]
pub enum CannedCommand {
    Create(Box<NewCanned>),
    Update {
        id: u64,
        changes: Box<CannedChanges>,
    },
    Delete {
        id: u64,
    },
    /// Counts one use (S3.26).
    Use {
        id: u64,
    },
}

#[derive(Clone, Debug, Default)]
pub struct NewCanned {
    pub title: String,
    /// With or without its `/`.
    pub shortcut: Option<String>,
    pub category: Option<String>,
    pub content: String,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CannedChanges {
    pub title: Option<String>,
    pub shortcut: Option<Option<String>>,
    pub category: Option<Option<String>>,
    pub content: Option<String>,
}
