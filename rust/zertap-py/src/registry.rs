//! The registries as Python rows, so that Python keeps no second copy.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zertap_core::registry::{BulkCipher, HashAlgorithm, MacAlgorithm, Named, ssh, tls, x509};

/// Rows of one registry; see the stub.
#[pyfunction]
pub(crate) fn registry<'py>(py: Python<'py>, name: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
    match name {
        "cipher_suites" => tls::CIPHER_SUITES.iter().map(|suite| suite_row(py, suite)).collect(),
        "groups" => numbers(py, tls::SUPPORTED_GROUPS),
        "signature_schemes" => numbers(py, tls::SIGNATURE_SCHEMES),
        "extensions" => numbers(py, tls::EXTENSIONS),
        "versions" => numbers(py, tls::VERSIONS),
        "alerts" => numbers(py, tls::ALERTS),
        "ssh_ciphers" => ssh::SSH_CIPHERS.iter().map(|row| cipher_row(py, row)).collect(),
        "ssh_macs" => ssh::SSH_MACS.iter().map(|row| mac_row(py, row)).collect(),
        "ssh_kex" => ssh::SSH_KEXES.iter().map(|row| kex_row(py, row)).collect(),
        "ssh_host_keys" => ssh::SSH_HOST_KEYS.iter().map(|row| host_key_row(py, row)).collect(),
        "certificate_signatures" => {
            x509::X509_SIGNATURE_ALGORITHMS.iter().map(|row| signature_row(py, row)).collect()
        }
        _ => Err(PyKeyError::new_err(name.to_owned())),
    }
}

fn numbers<'py, N>(py: Python<'py>, rows: &'static [Named<N>]) -> PyResult<Vec<Bound<'py, PyDict>>>
where
    N: Copy + IntoPyObject<'py>,
{
    rows.iter()
        .map(|row| {
            let dict = PyDict::new(py);
            dict.set_item("number", row.number)?;
            dict.set_item("name", row.name)?;
            Ok(dict)
        })
        .collect()
}

fn suite_row<'py>(py: Python<'py>, suite: &tls::Suite) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("number", suite.number)?;
    dict.set_item("name", suite.name)?;
    if let Some(facts) = &suite.facts {
        dict.set_item("exchange", facts.exchange.name())?;
        dict.set_item("authentication", facts.authentication.name())?;
        dict.set_item("export", facts.export)?;
        set_cipher(&dict, facts.cipher)?;
        dict.set_item("mac", facts.mac.map(MacAlgorithm::name))?;
        dict.set_item("hash", facts.prf.map(HashAlgorithm::name))?;
        dict.set_item("tag_octets", facts.tag_octets)?;
    }
    Ok(dict)
}

fn set_cipher(dict: &Bound<'_, PyDict>, cipher: BulkCipher) -> PyResult<()> {
    dict.set_item("cipher", cipher.name())?;
    dict.set_item("algorithm", cipher.algorithm())?;
    dict.set_item("key_bits", cipher.key_bits())?;
    dict.set_item("mode", cipher.mode().name())?;
    dict.set_item("aead", cipher.is_aead())
}

fn cipher_row<'py>(py: Python<'py>, row: &ssh::SshCipher) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", row.name)?;
    set_cipher(&dict, row.cipher)?;
    Ok(dict)
}

fn mac_row<'py>(py: Python<'py>, row: &ssh::SshMac) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", row.name)?;
    dict.set_item("mac", row.mac.map(MacAlgorithm::name))?;
    dict.set_item("tag_bits", row.tag_bits)?;
    dict.set_item("encrypt_then_mac", row.encrypt_then_mac)?;
    Ok(dict)
}

fn kex_row<'py>(py: Python<'py>, row: &ssh::SshKex) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", row.name)?;
    dict.set_item("family", row.family.name())?;
    dict.set_item("hash", row.hash.map(HashAlgorithm::name))?;
    Ok(dict)
}

fn host_key_row<'py>(py: Python<'py>, row: &ssh::SshHostKey) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", row.name)?;
    dict.set_item("key", row.key.name())?;
    dict.set_item("hash", row.hash.map(HashAlgorithm::name))?;
    dict.set_item("certificate", row.is_certificate())?;
    Ok(dict)
}

fn signature_row<'py>(py: Python<'py>, row: &x509::SignatureAlgorithm) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("oid", row.oid)?;
    dict.set_item("name", row.name)?;
    dict.set_item("signature", row.signature.name())?;
    dict.set_item("digest", row.digest.map(HashAlgorithm::name))?;
    Ok(dict)
}
