//! Mail in and out (S3.35, S3.36, S3.43, S0.63): threads, receipts, machines that answer machines, a real IMAP server, an
//! SMTP server that fails in every way.

#[path = "mail/desk.rs"]
mod desk;
#[path = "mail/dovecot.rs"]
mod dovecot;
mod harness;
#[path = "mail/intake.rs"]
mod intake;
#[path = "mail/mailbox.rs"]
mod mailbox;
#[path = "mail/outgoing.rs"]
mod outgoing;
mod python;
#[path = "mail/servers.rs"]
mod servers;
#[path = "mail/sink.rs"]
mod sink;
