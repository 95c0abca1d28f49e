//! Who listens to a connection: decides by the first octets of each direction, never by ports (EDGE_CASES A3).
//!
//! ```text
//! Fresh ─ Sniffing ─┬─ Tls
//!                   ├─ Ssh
//!                   ├─ Clear (may still turn into Ssh: server lines before a banner; or Tls: an upgrade)
//!                   └─ nobody (picked up in mid-life, no start visible)
//! ```
//! A new protocol is one variant here; the compiler lists what else must answer.

mod asleep;
mod clear;
mod origin;
mod sniff;
mod wrapping;

use crate::handshake::{Chunk, End, Findings, Flag, Observe, Outline, PerSide, Phase, Progress, Room, Side};
use crate::ssh::{SSH_PREFIX, SshObserver};
use crate::tls::{TlsObserver, Walk};
use clear::{Banner, ClearWatch, Place};
use origin::Origin;
use sniff::{Form, Sniffer, Verdict, is_plain_hello};

/// The listener of one connection.
#[derive(Debug)]
pub enum Observer {
    /// Nothing was seen. Smaller than a sniffer that has seen nothing: most connections never need one.
    Fresh(Joined),
    /// Too little was seen to know who should listen.
    Sniffing(Sniffer),
    /// A TLS or SSL handshake: where it began, and who was heard.
    Tls(TlsObserver, Origin, Heard),
    /// An SSH handshake, and where it began.
    Ssh(SshObserver, Origin),
    /// Data in clear that may yet lead to a handshake.
    Clear(ClearWatch),
}

/// Who has spoken since a hello was the first thing to flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Only the side that sent the hello; its octets so far.
    One(Side, u64),
    /// Both, or it matters no more.
    Both,
}

/// How a connection came to the tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// Its SYN and SYN/ACK were seen.
    AtStart,
    /// Only its SYN/ACK: the SYN may have carried the first octets (TCP-09).
    Answered,
    /// The SYN of this side was seen, and no answer: where the other side's octets begin is not known.
    Unanswered(Side),
    /// Neither was seen.
    Midstream,
}

impl Observer {
    /// A listener for a new connection.
    #[inline]
    pub fn new(joined: Joined) -> Self {
        Observer::Fresh(joined)
    }

    /// A listener for a handshake that is announced: it begins with the next octets, those before (of each side so
    /// many) were in clear.
    pub fn expecting(base: PerSide<u64>) -> Self {
        Observer::Sniffing(Sniffer::expecting(base))
    }

    /// Takes the next octets of one direction. `peer_visible`: any segment of the other direction was seen.
    #[inline]
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>, peer_visible: bool, room: &mut Room) -> Progress {
        match self {
            Observer::Tls(tls, origin, Heard::Both) if origin.is_plain() => tls.push(side, chunk, room),
            _ => self.push_weighed(side, chunk, peer_visible, room),
        }
    }

    fn push_weighed(
        &mut self,
        side: Side,
        chunk: Chunk<'_>,
        peer_visible: bool,
        room: &mut Room,
    ) -> Progress {
        match self {
            Observer::Tls(tls, origin, heard) => {
                if let Heard::One(speaker, octets) = heard {
                    if side == *speaker {
                        *octets += chunk.bytes.len() as u64;
                    } else if greets(&chunk) {
                        return self.was_greeted(side, chunk, room);
                    } else {
                        *heard = Heard::Both;
                    }
                }
                origin.push(tls, side, chunk, room)
            }
            Observer::Ssh(ssh, origin) => ssh.push(side, origin.chunk(side, chunk), room),
            Observer::Fresh(joined) => {
                let joined = *joined;
                self.push_first(joined, side, chunk, peer_visible, room)
            }
            Observer::Sniffing(sniffer) => {
                let verdict = sniffer.push(side, chunk, peer_visible);
                let expected = sniffer.expected.take();
                match (verdict, expected) {
                    (verdict, None) => self.decide(verdict, Origin::default(), side, chunk, room),
                    (verdict, Some(base)) => self.decide_expected(verdict, base, side, chunk, room),
                }
            }
            Observer::Clear(watch) => match watch.push(side, chunk, room) {
                clear::Answer::Banner(banner) => self.begin_ssh(banner, side, chunk, room),
                answer => self.watched(answer),
            },
        }
    }

    /// `length` octets of this direction will never be seen.
    pub fn gap(&mut self, side: Side, length: u64, room: &Room) -> Progress {
        self.sniff();
        match self {
            Observer::Fresh(_) => Progress::NeedMore,
            Observer::Tls(tls, origin, _) => origin.gap(tls, side, length),
            Observer::Ssh(ssh, _) => ssh.gap(side, length),
            // The beginning of what was announced is lost: nobody will recognise the rest.
            Observer::Sniffing(sniffer) if sniffer.expected.is_some() => Progress::Finished(Phase::Clear),
            Observer::Sniffing(sniffer) => sniffer.gap(side),
            Observer::Clear(watch) => {
                let answer = watch.gap(side, length, room.options);
                self.watched(answer)
            }
        }
    }

    /// This direction ended.
    pub fn end(&mut self, side: Side, how: End, seen: u64) -> Progress {
        self.sniff();
        match self {
            Observer::Fresh(_) => Progress::NeedMore,
            Observer::Tls(tls, origin, _) => origin.end(tls, side, how, seen),
            Observer::Ssh(ssh, origin) => ssh.end(side, how, origin.seen(side, seen)),
            Observer::Sniffing(sniffer) => {
                sniffer.end(side, how, seen);
                Progress::NeedMore
            }
            Observer::Clear(watch) => {
                let answer = watch.end(side, how, seen);
                self.watched(answer)
            }
        }
    }

    /// The connection is over.
    pub fn close(&mut self) -> Progress {
        match self {
            Observer::Tls(tls, ..) => tls.close(),
            Observer::Ssh(ssh, _) => ssh.close(),
            Observer::Fresh(_) => Progress::NeedMore,
            Observer::Sniffing(sniffer) => sniffer.close(),
            Observer::Clear(watch) => {
                let answer = watch.close();
                self.watched(answer)
            }
        }
    }

    /// The input ends, the connection does not: what began behind a loss was never monitored, all else stays open.
    pub fn abandon(&mut self) -> Progress {
        match self {
            Observer::Sniffing(sniffer) => sniffer.close(),
            _ => Progress::NeedMore,
        }
    }

    /// The waiting span has passed. `torn`: octets are missing that may still come.
    pub fn due(&mut self, torn: bool) -> Progress {
        match self {
            Observer::Tls(tls, ..) if torn => tls.due_while_torn(),
            Observer::Tls(tls, ..) => tls.due(),
            Observer::Ssh(ssh, _) => ssh.due(),
            Observer::Fresh(_) | Observer::Sniffing(_) | Observer::Clear(_) => Progress::NeedMore,
        }
    }

    /// A retransmission with other content was seen.
    pub fn conflict(&mut self, side: Side) {
        match self {
            Observer::Tls(tls, ..) => tls.conflict(side),
            Observer::Ssh(ssh, _) => ssh.conflict(side),
            Observer::Clear(watch) => watch.conflict(side),
            Observer::Fresh(_) | Observer::Sniffing(_) => {}
        }
    }

    /// Only one direction is captured.
    pub fn one_sided(&mut self, visible: Side) -> Progress {
        match self {
            Observer::Tls(tls, ..) => tls.one_sided(visible),
            Observer::Ssh(ssh, _) => ssh.one_sided(visible),
            Observer::Fresh(_) | Observer::Sniffing(_) => Progress::NeedMore,
            Observer::Clear(watch) => {
                let answer = watch.one_sided(visible);
                self.watched(answer)
            }
        }
    }

    /// What is known now.
    pub fn findings(&self) -> Findings {
        let (mut findings, origin) = match self {
            Observer::Tls(tls, origin, _) => (tls.findings(), origin),
            Observer::Ssh(ssh, origin) => (ssh.findings(), origin),
            Observer::Fresh(_) | Observer::Sniffing(_) => return Findings::default(),
            Observer::Clear(watch) => return watch.findings(),
        };
        origin.complete(&mut findings);
        findings
    }

    /// The same in a few numbers; `None` where that is not enough.
    #[inline]
    pub fn outline(&self) -> Option<Outline<'_>> {
        let (mut outline, origin) = match self {
            Observer::Tls(tls, origin, _) => (tls.outline()?, origin),
            Observer::Ssh(ssh, origin) => (ssh.outline()?, origin),
            Observer::Fresh(_) | Observer::Sniffing(_) | Observer::Clear(_) => return None,
        };
        if origin.upgraded {
            outline.flags.insert(Flag::Upgraded);
        }
        origin.protocol.is_none().then_some(outline)
    }

    /// Whether it follows a handshake, or what looked like one.
    pub const fn is_of_a_handshake(&self) -> bool {
        matches!(self, Observer::Tls(..) | Observer::Ssh(..))
    }

    /// The record walks that go on after completion, where the protocol has any (A7).
    pub fn walk(&self) -> Option<PerSide<Walk>> {
        match self {
            Observer::Tls(tls, ..) => tls.walk(),
            _ => None,
        }
    }

    /// Something other than a ClientHello was the first to be heard.
    fn sniff(&mut self) {
        if let Observer::Fresh(joined) = *self {
            *self = Observer::Sniffing(Sniffer::new(joined));
        }
    }

    #[inline(never)]
    fn push_first(
        &mut self,
        joined: Joined,
        side: Side,
        chunk: Chunk<'_>,
        peer_visible: bool,
        room: &mut Room,
    ) -> Progress {
        if is_plain_hello(joined, side, &chunk, peer_visible) {
            return self.begin_tls(side, chunk, room);
        }
        self.sniff();
        self.push_weighed(side, chunk, peer_visible, room)
    }

    /// A ClientHello is the first thing that was heard.
    fn begin_tls(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let heard = Heard::One(side, chunk.bytes.len() as u64);
        *self = Observer::Tls(TlsObserver::new(side, room.options), Origin::default(), heard);
        let Observer::Tls(tls, ..) = self else { return Progress::NeedMore };
        match tls.push(side, chunk, room) {
            Progress::NeedMore => Progress::Moved(Phase::TlsBegun),
            further => further,
        }
    }

    /// Turns a sniffing verdict into the listener it asks for, and replays what was kept.
    fn decide(
        &mut self,
        verdict: Verdict,
        origin: Origin,
        side: Side,
        chunk: Chunk<'_>,
        room: &mut Room,
    ) -> Progress {
        match verdict {
            Verdict::Undecided => Progress::NeedMore,
            Verdict::Short => Progress::Moved(Phase::Sniffing),
            Verdict::Nobody => Progress::Finished(Phase::Unseen),
            Verdict::Clear(kept) => {
                let mut watch = ClearWatch::new(side, &kept, room.options);
                let answer = watch.push(side, chunk, room);
                *self = Observer::Clear(watch);
                match answer {
                    clear::Answer::Banner(banner) => self.begin_ssh(banner, side, chunk, room),
                    clear::Answer::Stay => Progress::Moved(Phase::Clear),
                    answer => self.watched(answer),
                }
            }
            Verdict::Tls(form, kept) => {
                let tls = match form {
                    Form::Hello => TlsObserver::new(side, room.options),
                    Form::HelloOrAnswer => TlsObserver::midstream(side, room.options),
                    Form::Ssl2 => TlsObserver::ssl2(side, room.options),
                };
                let first = form == Form::Hello && !origin.upgraded;
                let heard = if first { Heard::One(side, 0) } else { Heard::Both };
                *self = Observer::Tls(tls, origin, heard);
                self.replay(&kept, side, chunk, Phase::TlsBegun, room)
            }
            Verdict::Ssh(kept) => {
                let ssh = SshObserver::new(room.options).with_beginnings(kept.known);
                *self = Observer::Ssh(ssh, origin);
                self.replay(&kept, side, chunk, Phase::SshBegun, room)
            }
        }
    }

    /// The same where a handshake was announced, `base` octets into the connection: until it begins nothing is new, and
    /// if something else comes it stays as it was.
    fn decide_expected(
        &mut self,
        verdict: Verdict,
        base: Box<PerSide<u64>>,
        side: Side,
        chunk: Chunk<'_>,
        room: &mut Room,
    ) -> Progress {
        match verdict {
            Verdict::Undecided | Verdict::Short => {
                if let Observer::Sniffing(sniffer) = self {
                    sniffer.expected = Some(base);
                }
                Progress::NeedMore
            }
            Verdict::Clear(_) | Verdict::Nobody => Progress::Finished(Phase::Clear),
            verdict => {
                let origin = Origin { base: *base, upgraded: true, ..Origin::default() };
                self.decide(verdict, origin, side, chunk, room)
            }
        }
    }

    /// The other side sent data in clear before it had seen anything of the hello: that came first, and the hello
    /// is at most the beginning of an upgrade (A3, TLS-55).
    fn was_greeted(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let nobody = Observer::Clear(ClearWatch::new(side, &sniff::Kept::default(), room.options));
        let Observer::Tls(tls, _, Heard::One(_, octets)) = std::mem::replace(self, nobody) else {
            return Progress::NeedMore;
        };
        let Observer::Clear(watch) = self else { return Progress::NeedMore };
        watch.suppose(tls, side.other(), octets);
        match watch.push(side, chunk, room) {
            clear::Answer::Done => Progress::Finished(Phase::Clear),
            clear::Answer::Banner(banner) => self.begin_ssh(banner, side, chunk, room),
            _ => Progress::Moved(Phase::Clear),
        }
    }

    /// Takes what the watch over data in clear answered.
    fn watched(&mut self, answer: clear::Answer) -> Progress {
        match answer {
            // A banner is looked for only where octets are pushed.
            clear::Answer::Stay | clear::Answer::Banner(_) => Progress::NeedMore,
            clear::Answer::Done => Progress::Finished(Phase::Clear),
            clear::Answer::Moved(phase) => Progress::Moved(phase),
            clear::Answer::Tunnelled(ssh, origin, progress) => {
                *self = Observer::Ssh(*ssh, origin);
                progress
            }
            clear::Answer::Upgraded(tls, origin, progress) => {
                *self = Observer::Tls(*tls, origin, Heard::Both);
                progress
            }
        }
    }

    /// An SSH identification line was found behind data in clear.
    fn begin_ssh(&mut self, banner: Banner, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let ssh = SshObserver::new(room.options);
        let (ssh, chunks) = match banner.place {
            Place::OfTheSilent => (ssh, [None, Some(chunk)]),
            Place::AfterLines { lines, next } => {
                let prefix = Chunk { bytes: SSH_PREFIX, starts_segment: false, cut: 0, ..chunk };
                let bytes = chunk.bytes.get(next..).unwrap_or_default();
                let rest = Chunk { bytes, starts_segment: false, ..chunk };
                (ssh.after_lines(side, lines), [Some(prefix), Some(rest)])
            }
        };
        *self = Observer::Ssh(ssh, Origin::default());
        if let Some(octets) = banner.missed {
            self.gap(side.other(), octets, room);
        }
        let mut last = Progress::Moved(Phase::SshBegun);
        for chunk in chunks.into_iter().flatten() {
            match self.push(side, chunk, true, room) {
                Progress::NeedMore => {}
                done @ Progress::Finished(_) => return done,
                moved @ Progress::Moved(_) => last = moved,
            }
        }
        last
    }

    /// Gives a new observer everything that was seen before it existed.
    fn replay(
        &mut self,
        kept: &sniff::Kept,
        side: Side,
        chunk: Chunk<'_>,
        begun: Phase,
        room: &mut Room,
    ) -> Progress {
        let mut last = Progress::Moved(begun);
        for kept_side in [side, side.other()] {
            if kept.lost[kept_side]
                && let progress @ (Progress::Moved(_) | Progress::Finished(_)) = self.gap(kept_side, 1, room)
            {
                last = progress;
            }
            let first = &kept.first[kept_side];
            if !first.octets().is_empty() {
                let replayed =
                    Chunk { bytes: first.octets(), seen: first.seen, starts_segment: true, cut: 0 };
                match self.push(kept_side, replayed, true, room) {
                    Progress::NeedMore => {}
                    done @ Progress::Finished(_) => return done,
                    moved @ Progress::Moved(_) => last = moved,
                }
            }
            if kept_side == side {
                match self.push(side, chunk, true, room) {
                    Progress::NeedMore => {}
                    done @ Progress::Finished(_) => return done,
                    moved @ Progress::Moved(_) => last = moved,
                }
            }
        }
        last
    }
}

/// Whether the first octets of the side that had not spoken are data in clear, sent without having seen anything of
/// the hello.
fn greets(chunk: &Chunk<'_>) -> bool {
    chunk.seen == 0 && chunk.bytes.first().is_some_and(|octet| !matches!(octet, 20..=24))
}
