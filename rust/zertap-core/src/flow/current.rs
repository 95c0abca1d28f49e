//! The connections that live now, as rows: for somebody who comes late. Nothing comes of looking.

use super::connection::{Connection, Life};
use super::follow::Workplace;
use super::table::Table;
use crate::event::{Row, RowKind};

/// The established connections from place `from` on, at most `most` of them, each as it stands; and the place to go on
/// from, if there are more. Slots come first, then those that sleep: one that falls asleep between two calls may come twice,
/// one that is woken may be left out. Their rows are `unfinished` ones: that is what the end of input would say now.
pub fn current(
    table: &mut Table,
    place: &mut Workplace<'_>,
    from: usize,
    most: usize,
) -> (Vec<Row>, Option<usize>) {
    let mut rows = Vec::new();
    let slots = table.slots();
    for index in from..slots + table.sleeping_places() {
        if rows.len() >= most {
            return (rows, Some(index));
        }
        if let Some(number) = index.checked_sub(slots) {
            rows.extend(table.ask_asleep(place, number as u32, told));
        } else if let Some(conn) = table.connection(index as u32).filter(|conn| lives(conn)) {
            rows.push(told(place, conn));
        }
    }
    (rows, None)
}

fn told(place: &mut Workplace<'_>, conn: &mut Connection) -> Row {
    // An open handshake's anomalies are only noted when it is settled.
    let flags = conn.flags;
    let row = place.row(conn, RowKind::Unfinished);
    conn.flags = flags;
    row
}

fn lives(conn: &Connection) -> bool {
    matches!(conn.life, Life::Established | Life::Closing)
}
