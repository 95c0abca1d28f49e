//! One tap in its own thread: takes parcels, tells rows.

use super::account::Account;
use super::parcel::{Message, Parcel};
use crossbeam_channel::{Receiver, Sender};
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::flow::Endpoint;
use zertap_core::tap::Tap;
use zertap_core::time::{Span, Timestamp};

/// What a tap tells the collector.
#[derive(Debug)]
pub(super) struct Told {
    /// Which tap.
    pub(super) tap: usize,
    /// Rows in the order in which they were written.
    pub(super) rows: Vec<Row>,
    /// The first and the latest moment that it was told of.
    pub(super) clock: Option<(Timestamp, Timestamp)>,
    /// What it counted so far.
    pub(super) account: Account,
    /// Nothing more comes.
    pub(super) over: bool,
}

/// What a tap is asked beside its segments.
pub(super) enum Question {
    /// Connections that live: at most `most`, from a place in its table on.
    Current {
        from: usize,
        most: usize,
        /// Where the rows go, and the place to go on from.
        answer: Sender<(Vec<Row>, Option<usize>)>,
    },
    /// A connection's note, if it still lives and nothing of it was reported.
    Mark { ends: [Endpoint; 2], number: u64, note: u64 },
}

/// A tap and its queues.
pub(super) struct Worker {
    number: usize,
    tap: Option<Tap>,
    messages: Receiver<Message>,
    spare: Sender<Parcel>,
    tell: Sender<Told>,
    questions: Receiver<Question>,
    /// Number of the latest frame that this engine was given.
    latest: u64,
    began: Option<Timestamp>,
    now: Timestamp,
    told: Timestamp,
    /// What the engines before this one counted.
    before: Account,
}

/// How often a clock without rows is told.
const BETWEEN_CLOCKS: Span = Span(20_000_000);

impl Worker {
    pub(super) fn new(
        number: usize,
        config: Config,
        messages: Receiver<Message>,
        spare: Sender<Parcel>,
        tell: Sender<Told>,
        questions: Receiver<Question>,
    ) -> Self {
        let tap = Some(Tap::new(config));
        let (latest, now, told) = (0, Timestamp(0), Timestamp(0));
        Self {
            number,
            tap,
            messages,
            spare,
            tell,
            questions,
            latest,
            began: None,
            now,
            told,
            before: Account::default(),
        }
    }

    /// Works until the reader or the collector is gone.
    pub(super) fn run(mut self) {
        while let Ok(message) = self.messages.recv() {
            match message {
                Message::Parcel(parcel) => self.take(parcel),
                Message::Clock(at) => self.advance(at),
                Message::Renew(config) => self.renew(config.map(|config| *config)),
            }
            if !self.tell() {
                return;
            }
            self.answer();
        }
        if let Some(tap) = &mut self.tap {
            tap.finish();
        }
        let rows = self.rows();
        self.send(rows, true);
    }

    fn take(&mut self, mut parcel: Parcel) {
        if let Some(tap) = &mut self.tap {
            for (number, at, segment) in parcel.segments() {
                tap.pass_over(number.saturating_sub(self.latest + 1));
                self.latest = number;
                tap.push_segment(at, &segment);
            }
        } else {
            self.before.unobserved += parcel.len() as u64;
        }
        self.advance(parcel.clock);
        parcel.clear();
        // If enough are spare already this one goes.
        let _ = self.spare.try_send(parcel);
    }

    fn advance(&mut self, at: Timestamp) {
        if at > self.now {
            self.now = at;
            if let Some(tap) = &mut self.tap {
                tap.advance(at);
            }
        }
    }

    /// Time comes to every tap a few times a second, so nobody who asks waits for long.
    fn answer(&mut self) {
        while let Ok(question) = self.questions.try_recv() {
            match (question, &mut self.tap) {
                (Question::Current { from, most, answer }, tap) => {
                    let lives = tap.as_mut().map_or_else(Default::default, |tap| tap.current(from, most));
                    // Whoever asked may have given up.
                    let _ = answer.try_send(lives);
                }
                (Question::Mark { ends: [one, other], number, note }, Some(tap)) => {
                    if let Some(whom) = tap.find(one, other, 0, Some(number)) {
                        tap.mark_early(whom, note);
                    }
                }
                (Question::Mark { .. }, None) => {}
            }
        }
    }

    /// The old engine's open connections are forgotten, as the account says.
    fn renew(&mut self, config: Option<Config>) {
        let rows = self.rows();
        self.send(rows, false);
        self.before = self.account();
        self.tap = config.map(Tap::new);
        self.latest = 0;
    }

    /// Tells what is new; whether anybody listens.
    fn tell(&mut self) -> bool {
        let rows = self.rows();
        if rows.is_empty() && self.now.since(self.told) < BETWEEN_CLOCKS {
            return true;
        }
        self.send(rows, false)
    }

    fn send(&mut self, rows: Vec<Row>, over: bool) -> bool {
        let clock = self.clock();
        self.told = self.now;
        let told = Told { tap: self.number, rows, clock, account: self.account(), over };
        self.tell.send(told).is_ok()
    }

    fn rows(&mut self) -> Vec<Row> {
        self.tap.as_mut().map(Tap::drain).unwrap_or_default()
    }

    fn clock(&mut self) -> Option<(Timestamp, Timestamp)> {
        let engine = self.tap.as_ref().and_then(Tap::clock);
        self.now = self.now.max(engine.map(|(_, now)| now).unwrap_or_default());
        self.began = self.began.or(engine.map(|(began, _)| began));
        self.began.map(|began| (began, self.now))
    }

    fn account(&self) -> Account {
        match &self.tap {
            Some(tap) => self.before.and(&tap.ledger(), tap.counters().clock_backwards),
            None => self.before,
        }
    }
}
