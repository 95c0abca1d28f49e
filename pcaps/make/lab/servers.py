"""Real servers of Debian, each with a configuration of a few lines in a folder of its own, none of them a service.

A server is started in the server's namespace and ended with it. The installed configuration is never read or changed.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from .identity import issue
from .network import SERVER4, Network, Program, run_text
from .openssl import NAME


def folder(lab: Network, owner: str | None = None) -> Path:
    """A folder that a server without root's rights can reach; it goes when the laboratory is left."""
    made = Path(tempfile.mkdtemp(dir="/tmp", prefix="zertap-server-"))
    made.chmod(0o755)
    if owner:
        shutil.chown(made, owner, owner)
    lab.folders.append(made)
    return made


def files(home: Path, owner: str | None = None) -> tuple[Path, Path]:
    """Certificate and key of the test server, as a server's own user can read them."""
    who = issue(NAME)
    made = home / "server.pem", home / "server.key"
    for source, target in zip((who.certificate, who.key), made, strict=True):
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
        if owner:
            shutil.chown(target, owner, owner)
    return made


def postfix(lab: Network, *, tls: bool = True) -> Program:
    """SMTP on port 25."""
    home = folder(lab)
    certificate, key = files(home)
    (home / "queue").mkdir()
    (home / "data").mkdir()
    shutil.chown(home / "data", "postfix", "postfix")
    (home / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {home}/queue\ndata_directory = {home}/data\n"
        f"maillog_file = {home}/log\nmaillog_file_prefixes = /tmp\ninet_interfaces = {SERVER4}\ninet_protocols = ipv4\n"
        f"myhostname = {NAME}\nmydestination = {NAME}\nmynetworks =\nsmtpd_tls_cert_file = {certificate}\n"
        f"smtpd_tls_key_file = {key}\nsmtpd_tls_security_level = {'may' if tls else 'none'}\n"
        "smtpd_relay_restrictions = reject\n"
        "alias_maps =\nlocal_recipient_maps =\n"
    )
    services = (
        "smtp inet n - n - - smtpd",
        "anvil unix - - n - 1 anvil",
        "cleanup unix n - n - 0 cleanup",
        "rewrite unix - - n - - trivial-rewrite",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "proxymap unix - - n - - proxymap",
        "postlog unix-dgram n - n - 1 postlogd",
    )
    (home / "master.cf").write_text("\n".join(services) + "\n")
    return lab.spawn(lab.server, "postfix", "-c", home, "start-fg", listens=25)


def dovecot(lab: Network, *, tls: bool = True) -> Program:
    """IMAP on 143, POP3 on 110, ManageSieve on 4190; the password is ``secret``."""
    home = folder(lab)
    certificate, key = files(home)
    (home / "dovecot.conf").write_text(
        f"protocols = imap pop3 sieve\nlisten = {SERVER4}\nbase_dir = {home}/run\nstate_dir = {home}/state\n"
        f"ssl = {'yes' if tls else 'no'}\nssl_cert = <{certificate}\nssl_key = <{key}\nlog_path = /dev/stderr\n"
        "disable_plaintext_auth = no\npassdb {\n  driver = static\n  args = password=secret\n}\n"
        f"userdb {{\n  driver = static\n  args = uid=1000 gid=1000 home={home}/mail\n}}\n"
        f"mail_location = maildir:{home}/mail\n"
        "service imap-login {\n  inet_listener imaps {\n    port = 0\n  }\n}\n"
        "service pop3-login {\n  inet_listener pop3s {\n    port = 0\n  }\n}\n"
        "service managesieve-login {\n  inet_listener sieve {\n    port = 4190\n  }\n}\n"
    )
    return lab.spawn(lab.server, "dovecot", "-F", "-c", home / "dovecot.conf", listens=4190)


def proftpd(lab: Network, *, tls: bool = True) -> Program:
    """FTP on port 21 for the user ``guest`` with the password ``secret``; CCC is allowed."""
    home = folder(lab)
    certificate, key = files(home)
    (home / "files").mkdir()
    (home / "files" / "hello.txt").write_text("hello\n")
    for path in (home / "files", home / "files" / "hello.txt"):
        shutil.chown(path, "nobody", "nogroup")
    word = run_text(["openssl", "passwd", "-6", "secret"]).strip()
    (home / "users").write_text(f"guest:{word}:65534:65534::{home}/files:/bin/sh\n")
    (home / "users").chmod(0o600)
    secure = (
        "LoadModule mod_tls.c\n<IfModule mod_tls.c>\nTLSEngine on\nTLSRequired off\nTLSProtocol TLSv1.2\n"
        f"TLSRSACertificateFile {certificate}\nTLSRSACertificateKeyFile {key}\nTLSOptions NoSessionReuseRequired\n"
        f"TLSLog {home}/tls.log\n</IfModule>\n"
    )
    (home / "proftpd.conf").write_text(
        f"ServerName zertap\nServerType standalone\nDefaultAddress {SERVER4}\nPort 21\nUseIPv6 off\nUser nobody\n"
        f"Group nogroup\nAuthUserFile {home}/users\nAuthOrder mod_auth_file.c\nRequireValidShell off\nWtmpLog off\n"
        f"PidFile {home}/pid\nScoreboardFile {home}/board\nDelayEngine off\nUseReverseDNS off\nUseSendfile off\n"
        f"SystemLog {home}/log\n{secure if tls else ''}"
    )
    return lab.spawn(lab.server, "proftpd", "-n", "-q", "-c", home / "proftpd.conf", listens=21)


def slapd(lab: Network, *, tls: bool = True) -> Program:
    """LDAP on port 389 with an empty directory."""
    home = folder(lab)
    certificate, key = files(home)
    (home / "db").mkdir()
    secure = f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\nTLSProtocolMin 3.3\n" if tls else ""
    (home / "slapd.conf").write_text(
        f"include /etc/ldap/schema/core.schema\npidfile {home}/pid\nmodulepath /usr/lib/ldap\n"
        f"moduleload back_mdb\n{secure}"
        f'database mdb\nsuffix "dc=zertap,dc=test"\ndirectory {home}/db\n'
    )
    return lab.spawn(
        lab.server, "slapd", "-d", "0", "-f", home / "slapd.conf", "-h", f"ldap://{SERVER4}:389", listens=389
    )


def postgres(lab: Network, *, tls: bool = True) -> Program:
    """PostgreSQL on port 5432 that trusts everybody."""
    home = folder(lab, "postgres")
    certificate, key = files(home, "postgres")
    binaries = max(Path("/usr/lib/postgresql").iterdir()) / "bin"
    run_text(["runuser", "-u", "postgres", "--", binaries / "initdb", "-D", home / "db", "-A", "trust"], cwd="/tmp")
    with (home / "db" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.99.0.0/24 trust\n")
    options = ["-c", f"listen_addresses={SERVER4}", "-c", f"unix_socket_directories={home}", "-c", "fsync=off"]
    if tls:
        options += ["-c", "ssl=on", "-c", f"ssl_cert_file={certificate}", "-c", f"ssl_key_file={key}"]
    argv = ["runuser", "-u", "postgres", "--", binaries / "postgres", "-D", home / "db", *options]
    return lab.spawn(lab.server, *argv, listens=5432)


def mariadb(lab: Network, *, tls: bool = True) -> Program:
    """MariaDB on port 3306 that asks nobody for a password."""
    home = folder(lab)
    certificate, key = files(home)
    run_text(
        ["mariadb-install-db", "--no-defaults", f"--datadir={home}/db", "--user=root", "--skip-test-db"], cwd="/tmp"
    )
    argv = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={home}/db", f"--socket={home}/socket"]
    argv += [f"--bind-address={SERVER4}", "--skip-grant-tables", "--skip-networking=0", "--skip-name-resolve"]
    argv += [f"--pid-file={home}/pid"]
    argv += [f"--ssl-cert={certificate}", f"--ssl-key={key}"] if tls else ["--skip-ssl"]
    return lab.spawn(lab.server, *argv, listens=3306)


def prosody(lab: Network, *, tls: bool = True) -> Program:
    """XMPP on port 5222 for the host ``server.zertap.test``."""
    home = folder(lab)
    certificate, key = files(home)
    secure = f'ssl = {{ certificate = "{certificate}"; key = "{key}"; }}\n' if tls else ""
    modules = '"roster", "saslauth", "disco"' + (', "tls"' if tls else "")
    (home / "prosody.cfg.lua").write_text(
        f'run_as_root = true\ndaemonize = false\npidfile = "{home}/pid"\ndata_path = "{home}"\n'
        f"modules_enabled = {{ {modules} }}\n"
        f'modules_disabled = {{ "s2s" }}\ninterfaces = {{ "{SERVER4}" }}\nlog = {{ info = "*console" }}\n'
        f'c2s_require_encryption = false\nauthentication = "internal_hashed"\n{secure}VirtualHost "{NAME}"\n'
    )
    return lab.spawn(lab.server, "prosody", "--config", home / "prosody.cfg.lua", listens=5222)


def xrdp(lab: Network, layer: str) -> Program:
    """RDP on port 3389 with this *layer*: ``tls`` or ``rdp``."""
    home = folder(lab)
    certificate, key = files(home)
    (home / "xrdp.ini").write_text(
        f"[Globals]\nport=tcp://{SERVER4}:3389\nsecurity_layer={layer}\ncrypt_level=high\ncertificate={certificate}\n"
        f"key_file={key}\nssl_protocols=TLSv1.2\nfork=true\nmax_bpp=16\n[Logging]\nLogFile={home}/log\n"
        "LogLevel=DEBUG\nEnableSyslog=false\nEnableConsole=true\nConsoleLevel=DEBUG\n[Channels]\n"
        "[vnc]\nname=none\nlib=libvnc.so\n"
        "username=ask\npassword=ask\nip=127.0.0.1\nport=-1\n"
    )
    return lab.spawn(lab.server, "xrdp", "--nodaemon", "--config", home / "xrdp.ini", listens=3389)


def squid(lab: Network) -> Program:
    """An HTTP proxy on port 3128 that connects anywhere but to port 9."""
    home = folder(lab, "proxy")
    (home / "squid.conf").write_text(
        f"http_port {SERVER4}:3128\nacl refused port 9\nhttp_access deny refused\nhttp_access allow all\n"
        "cache deny all\n"
        f"pid_filename {home}/pid\naccess_log none\ncache_log {home}/log\ncache_store_log none\n"
        f"coredump_dir {home}\n"
        "shutdown_lifetime 0 seconds\nnetdb_filename none\nvisible_hostname proxy.zertap.test\n"
        "logfile_rotate 0\n"
    )
    return lab.spawn(lab.server, "squid", "-N", "-f", home / "squid.conf", listens=3128)


def dante(lab: Network) -> Program:
    """A SOCKS proxy on port 1080, versions 4 and 5, without passwords."""
    home = folder(lab)
    rule = "from: 0.0.0.0/0 to: 0.0.0.0/0"
    (home / "danted.conf").write_text(
        f"logoutput: stderr\ninternal: {SERVER4} port = 1080\nexternal: lo\nclientmethod: none\nsocksmethod: none\n"
        f"user.privileged: root\nuser.unprivileged: nobody\nclient pass {{ {rule} }}\n"
        f"socks block {{ from: 0.0.0.0/0 to: 0.0.0.0/0 port = 9 command: connect }}\nsocks pass {{ {rule} }}\n"
    )
    return lab.spawn(lab.server, "danted", "-N", "1", "-f", home / "danted.conf", listens=1080)


def haproxy(lab: Network, space: str, *sections: str, listens: int) -> Program:
    """Proxies as configured; TCP throughout."""
    home = folder(lab)
    head = "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n"
    (home / "haproxy.cfg").write_text(head + "\n".join(sections) + "\n")
    return lab.spawn(space, "haproxy", "-db", "-f", home / "haproxy.cfg", listens=listens)


def nginx(lab: Network, listen: str, *, port: int = 443) -> Program:
    """A web server for one *listen* line."""
    home = folder(lab, "www-data")
    certificate, key = files(home)
    (home / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\nuser root;\npid {home}/pid;\nerror_log {home}/log;\nevents {{}}\nhttp {{\n"
        f"access_log off;\nclient_body_temp_path {home}/b;\nproxy_temp_path {home}/p;\nfastcgi_temp_path {home}/f;\n"
        f"uwsgi_temp_path {home}/u;\nscgi_temp_path {home}/s;\nserver {{\n"
        f"listen {listen};\nssl_certificate {certificate};\n"
        f"ssl_certificate_key {key};\nreturn 200 hello;\n}}\n}}\n"
    )
    return lab.spawn(lab.server, "nginx", "-p", home, "-e", home / "log", "-c", home / "nginx.conf", listens=port)


def stunnel(lab: Network, space: str, *lines: str, listens: int) -> Program:
    """One stunnel service."""
    home = folder(lab)
    certificate, key = files(home)
    text = f"foreground = yes\npid =\ndebug = 6\n[service]\ncert = {certificate}\nkey = {key}\n"
    (home / "stunnel.conf").write_text(text + "\n".join(lines) + "\n")
    return lab.spawn(space, "stunnel4", home / "stunnel.conf", listens=listens)
