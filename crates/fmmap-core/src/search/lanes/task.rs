//! What a kernel is given, and what it leaves behind.

use super::direction::Window;
use super::hits::Hits;
use super::meter::Meter;
use super::probes::Subject;

/// The needle and the haystack, how far the search has come, and where its answers go.
///
/// A kernel takes the starts that it has searched out of the `window`, notes matches in `hits`, and what its
/// candidates cost on the `meter`. So whoever runs a kernel can go on with another one where the first has stopped.
pub(crate) struct Task<'s, 't, 'h> {
    pub(crate) subject: Subject<'s>,
    pub(crate) window: Window,
    pub(crate) meter: Meter,
    pub(crate) hits: &'t mut Hits<'h>,
}
