//! The connections that live now, as rows: for somebody who comes late. Nothing comes of looking.

use super::connection::{Connection, Life};
use super::follow::Workplace;
use super::table::Table;
use crate::event::{Row, RowKind};

/// The established connections from slot `from` on, at most `most` of them, each as it stands; and the slot to go on
/// from, if there are more. Their rows are `unfinished` ones: that is what the end of input would say now.
pub fn current(
    table: &mut Table,
    place: &mut Workplace<'_>,
    from: usize,
    most: usize,
) -> (Vec<Row>, Option<usize>) {
    let mut rows = Vec::new();
    for index in from..table.slots() {
        if rows.len() >= most {
            return (rows, Some(index));
        }
        if let Some(conn) = table.connection(index as u32).filter(|conn| lives(conn)) {
            // An open handshake's anomalies are only noted when it is settled.
            let flags = conn.flags;
            rows.push(place.row(conn, RowKind::Unfinished));
            conn.flags = flags;
        }
    }
    (rows, None)
}

fn lives(conn: &Connection) -> bool {
    matches!(conn.life, Life::Established | Life::Closing)
}
