// Owners of OpenSSL objects, and its error queue as an Error. For .cpp files of net only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/result.h"

namespace plinth::net {

template <auto Free>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using SslPtr = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslFree<X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using LibraryContextPtr = std::unique_ptr<OSSL_LIB_CTX, OpensslFree<OSSL_LIB_CTX_free>>;

// "what: reason" of the oldest error of this thread; the queue is emptied.
Error openssl_error(std::string_view what);

// A read-only BIO over `text`, which must outlive it.
inline BioPtr bio_over(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// What a memory BIO collected.
std::string bio_text(BIO* bio);

}  // namespace plinth::net
