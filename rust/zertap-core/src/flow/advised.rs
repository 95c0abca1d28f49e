//! The way back down: what others know or want of one live connection goes to its slot, and nowhere else.
//!
//! A provider's advice is kept beside the observer and laid over what it finds. It comes too late where a row has told the
//! protection behind the waiting span: the records of that are written, and sums count the connection there.

use super::connection::{Beyond, Connection, DUE_PASSED, LISTENED, Life, Listening};
use super::follow::Workplace;
use super::named::ConnectionRef;
use super::table::Table;
use crate::event::Settled;
use crate::handshake::{Advice, Findings, Outcome, PerSide, Phase, Side, Texts};
use crate::observer::Observer;

/// What became of a call about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was taken.
    Taken,
    /// The connection is gone.
    Gone,
    /// It lives, and what was said makes no difference any more.
    Late,
}

impl Table {
    /// A provider's facts about a connection.
    pub fn advise(&mut self, place: &mut Workplace<'_>, whom: ConnectionRef, advice: Advice) -> Heard {
        match self.resolve(whom.slot()) {
            None => Heard::Gone,
            Some(conn) => place.advise(conn, advice),
        }
    }

    /// A handshake begins with the next octet of the side that sends it, whatever came before.
    pub fn expect_handshake(&mut self, whom: ConnectionRef) -> Heard {
        match self.resolve(whom.slot()) {
            None => Heard::Gone,
            Some(conn) => expect_handshake(conn),
        }
    }

    /// A number that every later row of the connection bears. `early`: only while nothing was reported of it.
    pub fn mark(&mut self, whom: ConnectionRef, note: u64, early: bool) -> Heard {
        match self.resolve(whom.slot()) {
            None => Heard::Gone,
            Some(conn) if early && is_reported(conn) => Heard::Late,
            Some(conn) => {
                conn.extras().note = note;
                Heard::Taken
            }
        }
    }
}

impl Workplace<'_> {
    fn advise(&mut self, conn: &mut Connection, advice: Advice) -> Heard {
        if is_late(conn, &advice) {
            return Heard::Late;
        }
        self.attend(conn);
        let before = (conn.phase, conn.settled.clone());
        let kept = conn.extras().advice.take();
        let whole = match kept {
            Some(kept) => kept.and(&advice),
            None => advice,
        };
        let phase = whole.phase();
        conn.extras().advice = Some(Box::new(whole));
        self.resettle(conn);
        if let Some(phase) = phase {
            self.tell_move(conn, phase);
            contradict(conn, phase);
            conn.reach(phase, self.cause.at);
        }
        let differs = before != (conn.phase, conn.settled.clone());
        if differs && conn.chronicle.milestones() > 0 {
            self.write_moved(conn);
        }
        Heard::Taken
    }

    /// Lays the advice over what was settled; what is still observed gets it when it is told.
    fn resettle(&mut self, conn: &mut Connection) {
        if conn.listening.is_some() {
            return;
        }
        let mut findings = conn.settled.as_deref().map(findings_of).unwrap_or_default();
        if let Some(advice) = conn.advice() {
            advice.lay_over(&mut findings);
        }
        conn.settled = Some(self.settlements.settle(findings, self.profiles));
    }
}

impl Connection {
    /// What a provider said.
    pub(super) fn advice(&self) -> Option<&Advice> {
        self.extras.as_ref().and_then(|extras| extras.advice.as_deref())
    }

    /// What an observed phase comes to: where a provider has told the outcome, only clear data after it is news.
    pub(super) fn heed(&self, observed: Phase) -> Phase {
        match self.advice().and_then(|advice| advice.outcome) {
            Some(Outcome::Complete) if observed == Phase::TlsThenClear => observed,
            Some(_) => self.phase,
            None => observed,
        }
    }
}

/// Whether the protection was reported, or is none of ours to report; that it ended can still be told.
fn is_late(conn: &Connection, advice: &Advice) -> bool {
    let told = conn.extras.as_ref().map_or(Phase::Silent, |extras| extras.told_phase);
    let reported = match told {
        Phase::TlsThenClear => true,
        Phase::TlsFailed | Phase::TlsLost | Phase::SshFailed | Phase::SshLost => conn.has(DUE_PASSED),
        phase => phase.is_complete() && conn.has(DUE_PASSED),
    };
    let ends_now = advice.outcome == Some(Outcome::ThenClear) && conn.phase == Phase::TlsComplete;
    conn.life == Life::HalfOpen || conn.phase == Phase::Unseen || (reported && !ends_now)
}

/// Whether anything of the connection was reported: behind the waiting span, or because its protection ended in it.
fn is_reported(conn: &Connection) -> bool {
    conn.has(DUE_PASSED) || conn.phase == Phase::TlsThenClear
}

/// Takes back the observed outcome that the provider denies.
fn contradict(conn: &mut Connection, phase: Phase) {
    let denied = match phase {
        Phase::TlsComplete | Phase::SshComplete => !conn.phase.is_complete(),
        Phase::TlsFailed | Phase::SshFailed => conn.phase != phase,
        _ => false,
    };
    let is_settled = conn.phase.is_milestone() && !matches!(conn.phase, Phase::TlsBegun | Phase::SshBegun);
    if denied && is_settled {
        let begun = conn.begun();
        conn.chronicle.forget_milestones();
        if let Some(begun) = begun {
            conn.push_milestone(begun);
        }
    }
}

/// SIOCSHSNOTIFY: data in clear lies behind us, the next octets may begin a handshake.
fn expect_handshake(conn: &mut Connection) -> Heard {
    match conn.phase {
        // Nothing has flowed: it is expected anyway.
        Phase::Silent | Phase::Sniffing => return Heard::Taken,
        Phase::Clear if conn.advice().is_none() => {}
        // Only the first handshake is observed; and what has no visible start never is.
        _ => return Heard::Late,
    }
    let base = PerSide(Side::BOTH.map(|side| conn.stream.halves[side].delivered()));
    conn.settled = None;
    conn.beyond = Beyond::Nothing;
    conn.bits |= LISTENED;
    conn.listening =
        Some(Box::new(Listening { observer: Observer::expecting(base), recent: PerSide::default() }));
    Heard::Taken
}

/// What was settled, as its observer had found it.
fn findings_of(settled: &Settled) -> Findings {
    let mut texts = Texts::default();
    settled.texts().for_each(|(kind, octets)| texts.push_numbered(kind, octets));
    Findings {
        profile: settled.profile.as_ref().map(|(_, profile)| (**profile).clone()),
        fault: settled.fault,
        gave_up: settled.gave_up,
        client: settled.protocol_client,
        server_certificate: settled.server_certificate.clone(),
        client_certificate: settled.client_certificate.clone(),
        texts,
        ..Findings::default()
    }
}
