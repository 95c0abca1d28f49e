//! Any cut of the same octets gives the same outcome.

use crate::conversations::protocols;
use crate::support::Talk;
use proptest::prelude::*;

fn talks() -> Vec<Talk> {
    let both = protocols()
        .into_iter()
        .flat_map(|(_, granted, refused)| [granted.handshake(), refused.client("x\r\n")]);
    let proxied =
        Talk::default().client("PROXY UNKNOWN\r\n").server("220 mx\r\n").client("STARTTLS\r\nRSET\r\n");
    both.chain([proxied.server("220 go\r\n").handshake()]).collect()
}

#[test]
fn octet_by_octet_is_as_good_as_whole() {
    for talk in talks() {
        assert_eq!(talk.cut(|_| 1).run().summary(), talk.run().summary(), "{talk:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_is_as_good_as_whole(cuts in prop::collection::vec(1_usize..40, 1..50)) {
        for talk in talks() {
            let mut sizes = cuts.iter().cycle();
            let cut = talk.cut(|_| *sizes.next().unwrap_or(&1));
            prop_assert_eq!(cut.run().summary(), talk.run().summary());
        }
    }

    #[test]
    fn noise_announces_nothing(pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 1..60)), 1..20)) {
        for (_, granted, _) in protocols() {
            let noisy = pieces.iter().fold(granted, |talk, (client, octets)| {
                if *client { talk.client(octets) } else { talk.server(octets) }
            });
            prop_assert_eq!(noisy.run().upgrade, None);
        }
    }
}
