//! The allocator of the whole program.

/// What one thread made and another frees is common here: a request's thread makes what the writer keeps. The C libraries
/// take a lock for it, musl for every block, and threads waited for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
