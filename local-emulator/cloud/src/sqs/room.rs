//! Room that a crowd has left is given back.

use alloc::collections::VecDeque;

/// What is never given back.
const KEPT: usize = 64;

/// Gives back most of the room, where little of it is used: seldom enough to cost nothing by the entry.
pub(super) fn give_back<K>(queue: &mut VecDeque<K>) {
    if queue.capacity() > KEPT && queue.len() < queue.capacity() / 4 {
        queue.shrink_to(queue.capacity() / 2);
    }
}
