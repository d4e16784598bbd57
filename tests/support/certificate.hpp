// Certificates made on the spot; for tests only.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tests {

struct certificate {
  EVP_PKEY* key = nullptr;
  X509* x509 = nullptr;

  /// `names` as in a configuration file: "DNS:localhost,IP:127.0.0.1". Signed by `issuer`, or by itself.
  static certificate make(const char* common_name, const char* names, const certificate* issuer,
                          long valid_seconds = 3600) {
    certificate made;
    made.key = EVP_EC_gen("P-256");
    made.x509 = X509_new();
    X509_set_version(made.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), valid_seconds);
    X509_set_pubkey(made.x509, made.key);
    X509_NAME* name = X509_get_subject_name(made.x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                               0);
    const certificate& signer = issuer == nullptr ? made : *issuer;
    X509_set_issuer_name(made.x509, X509_get_subject_name(signer.x509));
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer.x509, made.x509, nullptr, nullptr, 0);
    const auto extend = [&](int nid, const char* value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
      if (extension == nullptr) throw std::runtime_error("cannot make a certificate");
      X509_add_ext(made.x509, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (names != nullptr) extend(NID_subject_alt_name, names);
    X509_sign(made.x509, signer.key, EVP_sha256());
    return made;
  }

  /// As PEM; false when the file cannot be written.
  bool save_certificate(const std::string& path) const {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return false;
    const bool is_written = PEM_write_X509(file, x509) == 1;
    return std::fclose(file) == 0 && is_written;
  }
  /// Encrypted when there is a password.
  bool save_key(const std::string& path, std::string_view password = {}) const {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return false;
    const bool is_written =
        PEM_write_PrivateKey(file, key, password.empty() ? nullptr : EVP_aes_256_cbc(),
                             password.empty() ? nullptr : reinterpret_cast<const unsigned char*>(password.data()),
                             static_cast<int>(password.size()), nullptr, nullptr) == 1;
    return std::fclose(file) == 0 && is_written;
  }

  void free() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
};

}  // namespace tests
