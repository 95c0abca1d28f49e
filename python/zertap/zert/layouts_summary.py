"""Layout lines of SMF 119 subtype 12, the summary record: counters of one security session over one interval.

Counters run for the life of the session; what an interval added is End less Init (active connections
excepted, which are a level). Attributes are the names of ``records_summary.py``.
"""

from zertap.smf.fields import Field
from zertap.smf.layout import Layout
from zertap.zert.layouts_shared import DECK_32, TABLE_12, Lines, certificate_identity, certificate_traits

_sa = Lines("SMF119SS_SA", TABLE_12)
_tls = Lines("SMF119SS_TLS_", TABLE_12)
_ssh = Lines("SMF119SS_SSH_", TABLE_12)
_ips = Lines("SMF119SS_IPSec_", TABLE_12)
_sa_32 = _sa.since("3.2", DECK_32)
_tls_32 = _tls.since("3.2", DECK_32)
_ips_32 = _ips.since("3.2", DECK_32)


def _counters(name: str, attribute: str, at: int, when: str) -> tuple[Field, ...]:
    """The 48 octets of counters that a session has at one end of the interval."""
    return (
        _sa.number(f"{name}LifeConnCnt", at, 4, f"{attribute}_connections", f"{when}: connections"),
        _sa.number(f"{name}LifePartialConnCnt", at + 4, 4, f"{attribute}_partial", f"{when}: of these, partly so"),
        _sa.number(f"{name}LifeShortConnCnt", at + 8, 4, f"{attribute}_short", f"{when}: of these, under 10 s (TCP)"),
        _sa.number(f"{name}ActiveConnCnt", at + 12, 4, f"{attribute}_active", f"{when}: active connections"),
        _sa.number(f"{name}LifeInBytes", at + 16, 8, f"{attribute}_in_bytes", f"{when}: octets received"),
        _sa.number(f"{name}LifeOutBytes", at + 24, 8, f"{attribute}_out_bytes", f"{when}: octets sent"),
        _sa.number(f"{name}LifeInSegDG", at + 32, 8, f"{attribute}_in_segments", f"{when}: segments received"),
        _sa.number(f"{name}LifeOutSegDG", at + 40, 8, f"{attribute}_out_segments", f"{when}: segments sent"),
    )


COMMON_12 = Layout(
    "COMMON",
    (
        _sa.number("IntervalDuration", 0, 8, "interval", "length of the interval: microseconds times 4096"),
        _sa.number("Event_Type", 8, 1, "event", "what the record is", "EVENT_TYPE_12"),
        _sa.flags("Flags", 9, "flags", "IPv6, local role", "FLAGS_12"),
        _sa.flags("SecProtos", 10, "protocols", "the protocol of the session, at most one", "SEC_PROTOS"),
        _sa.text("Jobname", 11, 8, "job_name", "job name of the local socket's owner"),
        _sa.text("UserID", 19, 8, "user_id", "user id; *FTPUSR* for FTP data connections at the server"),
        _sa.number("IPProto", 27, 1, "ip_protocol", "IP protocol", "IP_PROTO"),
        _sa.address("SrvIP", 28, "server_address", "server address"),
        _sa.address("CltIP", 44, "client_address", "client address"),
        _sa.number("SrvPortStart", 60, 2, "server_port_first", "first server port"),
        _sa.number("SrvPortEnd", 62, 2, "server_port_last", "last server port"),
        _sa.text(
            "SessionID",
            64,
            42,
            "session_id",
            "session identifier: letter, hyphen, value",
            "SESSION_ID_PREFIX",
        ),
        Lines("", TABLE_12).reserved("(reserved 106..107)", 106, 2),
        *_counters("Init", "initial", 108, "at the interval's start"),
        *_counters("End", "final", 156, "at the interval's end"),
        _sa_32.number("InitFailedHsConnCnt", 204, 4, "initial_failed", "at the interval's start: failed handshakes"),
        _sa_32.number("EndFailedHsConnCnt", 208, 4, "final_failed", "at the interval's end: failed handshakes"),
    ),
)

TLS_12 = Layout(
    "TLS",
    (
        _tls.number("Source", 0, 1, "source", "who told", "SOURCE"),
        _tls.flags("CryptoFlags", 1, "crypto_flags", "encrypt-then-MAC", "TLS_CRYPTO_FLAGS"),
        _tls.number("Prot_Ver", 2, 2, "version", "protocol version; zero when the handshakes failed", "TLS_VERSION"),
        _tls.text("Neg_Cipher", 4, 6, "cipher", "suite number in hexadecimal; FFFFFF unknown", "NEG_CIPHER_SSLV2"),
        _tls.number("CS_Enc_Alg", 10, 2, "encryption", "symmetric encryption", "ENC_ALG"),
        _tls.number("CS_Msg_Auth", 12, 2, "message_authentication", "message authentication", "MSG_AUTH"),
        _tls.number("CS_Kex_Alg", 14, 2, "key_exchange", "key exchange", "TLS_KEX"),
        *certificate_traits(_tls, "SCert", "server_certificate", 16, "server certificate"),
        *certificate_traits(_tls, "CCert", "client_certificate", 26, "client certificate"),
        Lines("", "none: no source names these octets", "3.2").reserved("(UNKNOWN 36..41)", 36, 6),
        *certificate_identity(_tls_32, "SCert", "server_certificate", 42, "server certificate"),
        *certificate_identity(_tls_32, "CCert", "client_certificate", 79, "client certificate"),
    ),
)

SSH_12 = Layout(
    "SSH",
    (
        _ssh.number("Source", 0, 1, "source", "who told", "SOURCE"),
        Lines("", TABLE_12).reserved("(reserved 1)", 1, 1),
        _ssh.number("Prot_Ver", 2, 1, "version", "protocol version; zero unknown, from 3.2 on", "SSH_VERSION"),
        _ssh.flags("CryptoFlags", 3, "crypto_flags", "encrypt-then-MAC a direction", "SSH_CRYPTO_FLAGS"),
        _ssh.number("Auth_Method", 4, 2, "authentication", "first or only peer authentication", "SSH_AUTH"),
        _ssh.number("Auth_Method2", 6, 2, "authentication_2", "last of several, or zero", "SSH_AUTH"),
        _ssh.number("In_Enc_Alg", 8, 2, "in_encryption", "inbound encryption", "ENC_ALG"),
        _ssh.number("In_Msg_Auth", 10, 2, "in_message_authentication", "inbound authentication", "MSG_AUTH"),
        _ssh.number("Kex_Method", 12, 2, "key_exchange", "key exchange", "SSH_KEX"),
        _ssh.number("Out_Enc_Alg", 14, 2, "out_encryption", "outbound encryption", "ENC_ALG"),
        _ssh.number("Out_Msg_Auth", 16, 2, "out_message_authentication", "outbound authentication", "MSG_AUTH"),
        _ssh.number("SKey_Type", 18, 2, "server_key_type", "raw server key: kind", "SSH_KEY_TYPE"),
        _ssh.number("SKey_Len", 20, 2, "server_key_bits", "raw server key: bits"),
        _ssh.number("CKey_Type", 22, 2, "client_key_type", "raw client key: kind", "SSH_KEY_TYPE"),
        _ssh.number("CKey_Len", 24, 2, "client_key_bits", "raw client key: bits"),
        *certificate_traits(_ssh, "SCert", "server_certificate", 26, "server certificate"),
        *certificate_traits(_ssh, "CCert", "client_certificate", 36, "client certificate"),
    ),
)

IPSEC_12 = Layout(
    "IPSEC",
    (
        _ips.number("IKEMajVer", 0, 1, "ike_major", "IKE major version, low four bits"),
        _ips.number("IKEMinVer", 1, 1, "ike_minor", "IKE minor version, low four bits"),
        _ips.address("IKETunLclEndpt", 2, "ike_local", "local IKE endpoint"),
        _ips.address("IKETunRmtEndpt", 18, "ike_remote", "remote IKE endpoint"),
        _ips.number("IKETunLclAuthMeth", 34, 2, "ike_local_auth", "local IKE authentication", "IPSEC_AUTH_METHOD"),
        _ips.number("IKETunRmtAuthMeth", 36, 2, "ike_remote_auth", "remote IKE authentication", "IPSEC_AUTH_METHOD"),
        _ips.number("IKETunAuthAlg", 38, 2, "ike_message_authentication", "IKE authentication", "MSG_AUTH"),
        _ips.number("IKETunEncAlg", 40, 2, "ike_encryption", "IKE encryption", "ENC_ALG"),
        _ips.number("IKETunDHGroup", 42, 2, "ike_group", "IKE Diffie-Hellman group", "DH_GROUP"),
        _ips.number("IKETunPseudoRandFunc", 44, 2, "ike_prf", "IKE pseudo-random function", "PRF"),
        *certificate_traits(_ips, "LclCert", "local_certificate", 46, "local certificate"),
        *certificate_traits(_ips, "RmtCert", "remote_certificate", 56, "remote certificate"),
        _ips.number("PFSGroup", 66, 2, "pfs_group", "group of perfect forward secrecy", "DH_GROUP"),
        _ips.number("EncapMode", 68, 1, "encapsulation", "tunnel or transport mode", "IPSEC_ENCAP"),
        _ips.number("AuthProto", 69, 1, "auth_protocol", "ESP or AH", "IPSEC_AUTH_PROTO"),
        _ips.number("AuthAlg", 70, 2, "message_authentication", "authentication", "MSG_AUTH"),
        _ips.number("EncAlg", 72, 2, "encryption", "encryption", "ENC_ALG"),
        *certificate_identity(_ips_32, "LclCert", "local_certificate", 74, "local certificate"),
        *certificate_identity(_ips_32, "RmtCert", "remote_certificate", 111, "remote certificate"),
    ),
)
