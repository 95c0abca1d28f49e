"""Layout lines of SMF 119 subtype 11, the connection detail record: every section that is public.

Attributes are the names of ``records.py``. The enforcement section (eighth triplet, V2R5) has no public
layout.
"""

from zertap.smf.layout import Layout
from zertap.zert.layouts_shared import DECK_32, TABLE_11, Lines, certificate, ike_certificate, informational

_sa = Lines("SMF119SC_SA", TABLE_11)
_flt = Lines("SMF119SC_IPFlt_", TABLE_11)
_tls = Lines("SMF119SC_TLS_", TABLE_11)
_ssh = Lines("SMF119SC_SSH_", TABLE_11)
_ips = Lines("SMF119SC_IPSec_", TABLE_11)
_ips_odd = Lines("SMF119SC_IPsec_", TABLE_11)

COMMON_11 = Layout(
    "COMMON",
    (
        _sa.number("Event_Type", 0, 1, "event", "what happened", "EVENT_TYPE_11"),
        _sa.flags("SecProtos", 1, "protocols", "protocols that protect, or failed to", "SEC_PROTOS"),
        _sa.flags("Flags", 2, "flags", "IPv6, bypass, reset by policy; local role from 3.2 on", "FLAGS_11"),
        _sa.flags("SecFlags", 3, "security_flags", "IP security", "SEC_FLAGS"),
        _sa.number("IPProto", 4, 1, "ip_protocol", "IP protocol", "IP_PROTO"),
        _sa.reserved("_Rsvd1", 5, 3),
        _sa.text("Jobname", 8, 8, "job_name", "job name of the local socket's owner"),
        _sa.text("JobID", 16, 8, "job_id", "job id of the local socket's owner"),
        _sa.text("UserID", 24, 8, "user_id", "user id of the local socket's owner"),
        _sa.time("STime", 32, "start_time", "connection start, UTC"),
        _sa.date("SDate", 36, "start_date", "connection start, UTC"),
        _sa.time("ETime", 40, "end_time", "connection end, UTC; events 3 and 4 only"),
        _sa.date("EDate", 44, "end_date", "connection end, UTC; events 3 and 4 only"),
        _sa.address("RIP", 48, "remote_address", "remote address"),
        _sa.address("LIP", 64, "local_address", "local address"),
        _sa.number("RPort", 80, 2, "remote_port", "remote port"),
        _sa.number("LPort", 82, 2, "local_port", "local port"),
        _sa.number("ConnID", 84, 4, "connection_id", "connection number of the transport layer"),
        _sa.number("InBytes", 88, 8, "in_bytes", "octets received since the start"),
        _sa.number("OutBytes", 96, 8, "out_bytes", "octets sent since the start"),
        _sa.number("InSegDG", 104, 8, "in_segments", "segments or datagrams received since the start"),
        _sa.number("OutSegDG", 112, 8, "out_segments", "segments or datagrams sent since the start"),
        _sa.reserved("_Rsvd2", 120, 8),
    ),
)

IP_FILTER = Layout(
    "IPFILTER",
    (
        _flt.number("OutAct", 0, 1, "out_action", "outbound filter action", "IPFLT_ACTION"),
        _flt.number("InbAct", 1, 1, "in_action", "inbound filter action", "IPFLT_ACTION"),
        _flt.reserved("Rsvd1", 2, 2),
        _flt.text("OutRuleName", 4, 40, "out_rule", "outbound filter rule"),
        _flt.text("OutRuleExt", 44, 8, "out_rule_extension", "outbound filter rule, name extension"),
        _flt.text("InRuleName", 52, 40, "in_rule", "inbound filter rule"),
        _flt.text("InRuleExt", 92, 8, "in_rule_extension", "inbound filter rule, name extension"),
    ),
)

TLS_11 = Layout(
    "TLS",
    (
        _tls.number("Prot_Ver", 0, 2, "version", "protocol version; zero when the handshake failed", "TLS_VERSION"),
        *informational(
            _tls.number("Source", 2, 1, "source", "who told", "SOURCE"),
            _tls.number("Handshake_Type", 3, 1, "handshake_type", "full, abbreviated, failed", "TLS_HANDSHAKE_TYPE"),
            _tls.number("Handshake_Role", 4, 1, "handshake_role", "role of the local side", "TLS_HANDSHAKE_ROLE"),
        ),
        _tls.reserved("Rsvd1", 5, 2),
        *informational(
            _tls.number("Session_ID_Len", 7, 1, "session_id_length", "octets of the session id"),
            _tls.raw("Session_ID", 8, 32, "session_id", "session id"),
        ),
        _tls.text("Protocol_Provider", 40, 16, "provider", "who implements the protocol", "TLS_PROVIDER"),
        _tls.text("Neg_Cipher", 56, 6, "cipher", "suite number in hexadecimal; FFFFFF unknown", "NEG_CIPHER_SSLV2"),
        _tls.number("CS_Enc_Alg", 62, 2, "encryption", "symmetric encryption", "ENC_ALG"),
        _tls.number("CS_Msg_Auth", 64, 2, "message_authentication", "message authentication", "MSG_AUTH"),
        _tls.number("CS_Kex_Alg", 66, 2, "key_exchange", "key exchange", "TLS_KEX"),
        _tls.number("FIPS_Mode", 68, 1, "fips_mode", "FIPS 140 mode", "FIPS_MODE"),
        _tls.flags("CryptoFlags", 69, "crypto_flags", "encrypt-then-MAC", "TLS_CRYPTO_FLAGS"),
        _tls.reserved("Rsvd2", 70, 2),
        *certificate(_tls, "SCert", "server_certificate", 72, "server certificate", "Rsvd3"),
        *certificate(_tls, "CCert", "client_certificate", 120, "client certificate", "Rsvd4"),
    ),
)

SSH_11 = Layout(
    "SSH",
    (
        _ssh.number("Prot_Ver", 0, 1, "version", "protocol version; zero unknown, from 3.2 on", "SSH_VERSION"),
        *informational(
            _ssh.number("Source", 1, 1, "source", "who told", "SOURCE"),
            _ssh.number("FIPS_Mode", 2, 1, "fips_mode", "FIPS 140 mode", "FIPS_MODE"),
        ),
        _ssh.flags("CryptoFlags", 3, "crypto_flags", "encrypt-then-MAC a direction", "SSH_CRYPTO_FLAGS"),
        _ssh.since("3.2", DECK_32).flags("Flags", 4, "flags", "failed handshake; reserved before", "SSH_FLAGS"),
        _ssh.reserved("Rsvd1", 5, 3),
        *informational(_ssh.text("Comp", 8, 8, "component", "subcomponent", "SSH_COMP")),
        _ssh.text("Protocol_Provider", 16, 16, "provider", "who implements the protocol", "SSH_PROVIDER"),
        _ssh.number("Auth_Method", 32, 2, "authentication", "first or only peer authentication", "SSH_AUTH"),
        _ssh.number("Auth_Method2", 34, 2, "authentication_2", "last of several, or zero", "SSH_AUTH"),
        _ssh.number("In_Enc_Alg", 36, 2, "in_encryption", "inbound encryption", "ENC_ALG"),
        _ssh.number("In_Msg_Auth", 38, 2, "in_message_authentication", "inbound authentication", "MSG_AUTH"),
        _ssh.number("Kex_Method", 40, 2, "key_exchange", "key exchange", "SSH_KEX"),
        _ssh.number("Out_Enc_Alg", 42, 2, "out_encryption", "outbound encryption", "ENC_ALG"),
        _ssh.number("Out_Msg_Auth", 44, 2, "out_message_authentication", "outbound authentication", "MSG_AUTH"),
        _ssh.reserved("Rsvd2", 46, 2),
        _ssh.number("SKey_Type", 48, 2, "server_key_type", "raw server key: kind", "SSH_KEY_TYPE"),
        _ssh.number("SKey_Len", 50, 2, "server_key_bits", "raw server key: bits"),
        _ssh.number("CKey_Type", 52, 2, "client_key_type", "raw client key: kind", "SSH_KEY_TYPE"),
        _ssh.number("CKey_Len", 54, 2, "client_key_bits", "raw client key: bits"),
        *informational(
            _ssh.number("SKey_FPLen", 56, 2, "server_fingerprint_length", "octets of the server fingerprint"),
            _ssh.number("CKey_FPLen", 58, 2, "client_fingerprint_length", "octets of the client fingerprint"),
            _ssh.raw("SKey_FP", 60, 64, "server_fingerprint", "server key fingerprint"),
            _ssh.raw("CKey_FP", 124, 64, "client_fingerprint", "client key fingerprint"),
        ),
        *certificate(_ssh, "SCert", "server_certificate", 188, "server certificate", "Rsvd3"),
        *certificate(_ssh, "CCert", "client_certificate", 236, "client certificate", "Rsvd4"),
    ),
)

IPSEC_11 = Layout(
    "IPSEC",
    (
        *informational(_ips.number("IKETunID", 0, 4, "ike_tunnel_id", "IKE tunnel id")),
        _ips.number("IKEMajVer", 4, 1, "ike_major", "IKE major version, low four bits"),
        _ips.number("IKEMinVer", 5, 1, "ike_minor", "IKE minor version, low four bits"),
        _ips_odd.reserved("Rsvd1", 6, 2),
        *informational(_ips.text("IKETunKeyExchRule", 8, 48, "ike_rule", "key exchange rule")),
        _ips.address("IKETunLclEndpt", 56, "ike_local", "local IKE endpoint"),
        _ips.address("IKETunRmtEndpt", 72, "ike_remote", "remote IKE endpoint"),
        _ips.number("IKETunLclAuthMeth", 88, 2, "ike_local_auth", "local IKE authentication", "IPSEC_AUTH_METHOD"),
        _ips.number("IKETunRmtAuthMeth", 90, 2, "ike_remote_auth", "remote IKE authentication", "IPSEC_AUTH_METHOD"),
        _ips.number("IKETunAuthAlg", 92, 2, "ike_message_authentication", "IKE authentication", "MSG_AUTH"),
        _ips.number("IKETunEncAlg", 94, 2, "ike_encryption", "IKE encryption", "ENC_ALG"),
        _ips.number("IKETunDHGroup", 96, 2, "ike_group", "IKE Diffie-Hellman group", "DH_GROUP"),
        _ips.number("IKETunPseudoRandFunc", 98, 2, "ike_prf", "IKE pseudo-random function", "PRF"),
        *informational(
            _ips.number("IKETunLifesize", 100, 4, "ike_lifesize", "IKE lifesize in Kbytes, 0 none"),
            _ips.number("IKETunLifetime", 104, 4, "ike_lifetime", "IKE lifetime in minutes"),
            _ips.number("IKETunReauthIntvl", 108, 4, "ike_reauthentication", "IKE reauthentication, minutes"),
        ),
        *ike_certificate(
            _ips, "LclCert", "local_certificate", 112, "local certificate", _ips_odd.reserved("Rsvd2", 118, 1)
        ),
        *ike_certificate(
            _ips, "RmtCert", "remote_certificate", 160, "remote certificate", _ips.reserved("Rsvd3", 166, 1)
        ),
        *informational(_ips.number("TunID", 208, 4, "tunnel_id", "tunnel id")),
        _ips.flags("TunFlags", 212, "tunnel_flags", "IPv6 endpoints, FIPS mode", "IPSEC_TUN_FLAGS"),
        _ips.number("TunType", 213, 1, "tunnel_type", "kind of tunnel", "IPSEC_TUN_TYPE"),
        _ips.number("TunState", 214, 1, "tunnel_state", "state of the tunnel", "IPSEC_TUN_STATE"),
        _ips.reserved("Rsvd4", 215, 1),
        _ips.number("EncapMode", 216, 1, "encapsulation", "tunnel or transport mode", "IPSEC_ENCAP"),
        _ips.number("AuthProto", 217, 1, "auth_protocol", "ESP or AH", "IPSEC_AUTH_PROTO"),
        _ips.number("AuthAlg", 218, 2, "message_authentication", "authentication", "MSG_AUTH"),
        _ips.number("EncAlg", 220, 2, "encryption", "encryption", "ENC_ALG"),
        _ips.number("PFSGroup", 222, 2, "pfs_group", "group of perfect forward secrecy", "DH_GROUP"),
        *informational(
            _ips.number("Lifesize", 224, 4, "lifesize", "lifesize in Kbytes, 0 manual"),
            _ips.number("Lifetime", 228, 4, "lifetime", "lifetime in minutes, 0 manual"),
            _ips.number("VPNLifeExpire", 232, 4, "vpn_life", "life of the VPN in minutes, 0 no limit"),
        ),
    ),
)
