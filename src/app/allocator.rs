//! How the C library's allocator keeps memory, for a daemon that shall stay small for years.

/// Called before the first thread is made.
///
/// glibc gives each thread an arena of its own, up to eight a core, and what one thread frees no other one gets: the
/// daemon grew to twice of what it holds. Two arenas are enough for threads that mostly wait for the disk, and large
/// blocks go back to the system when they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_small() {
    const ARENAS: i32 = 2;
    const LARGE: i32 = 256 * 1024;
    for (parameter, value) in [(libc::M_ARENA_MAX, ARENAS), (libc::M_MMAP_THRESHOLD, LARGE)] {
        #[expect(unsafe_code, reason = "a C function of two numbers, while there is one thread")]
        // What it does not know it leaves as it is.
        let _ = unsafe { libc::mallopt(parameter, value) };
    }
}

/// Other C libraries have one heap for all threads.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_small() {}
