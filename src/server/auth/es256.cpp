#include "server/auth/es256.h"

#include <algorithm>
#include <array>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "server/auth/base64url.h"
#include "server/auth/digest.h"

namespace plinth::server::auth {
namespace {

constexpr int kScalarBytes = 32;
constexpr std::size_t kKeysPerFileMax = 64;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

using Number = Owned<BIGNUM, BN_clear_free>;
using NumberContext = Owned<BN_CTX, BN_CTX_free>;
using Group = Owned<EC_GROUP, EC_GROUP_free>;
using Point = Owned<EC_POINT, EC_POINT_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using ParamBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Bio = Owned<BIO, BIO_free>;
using Signature = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

Number secret_number() {
  Number n(BN_secure_new());
  BN_set_flags(n.get(), BN_FLG_CONSTTIME);
  return n;
}

Number number_from(std::string_view bytes) {
  Number n = secret_number();
  BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), n.get());
  return n;
}

std::string bytes_of(const BIGNUM* n) {
  std::string out(kScalarBytes, '\0');
  BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), kScalarBytes);
  return out;
}

bool in_range(const BIGNUM* n, const BIGNUM* order) { return !BN_is_zero(n) && BN_cmp(n, order) < 0; }

// The stream of candidate nonces of RFC 6979, section 3.2.
class NonceStream {
 public:
  NonceStream(const std::string& key, const std::string& digest) {
    k_.assign(32, '\0');
    v_.assign(32, '\1');
    mix(std::string(1, '\0') + key + digest);
    mix(std::string(1, '\1') + key + digest);
  }
  std::string next() {
    if (used_) mix(std::string(1, '\0'));
    used_ = true;
    v_ = as_text(hmac_sha256(k_, v_));
    return v_;
  }

 private:
  void mix(const std::string& data) {
    k_ = as_text(hmac_sha256(k_, v_ + data));
    v_ = as_text(hmac_sha256(k_, v_));
  }
  std::string k_, v_;
  bool used_ = false;
};

std::string der_of(EVP_PKEY* key) {
  const int size = i2d_PUBKEY(key, nullptr);
  std::string out(static_cast<std::size_t>(std::max(size, 0)), '\0');
  unsigned char* at = reinterpret_cast<unsigned char*>(out.data());
  i2d_PUBKEY(key, &at);
  return out;
}

std::string coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* n = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &n) != 1) return "";
  const Number owned(n);
  return bytes_of(n);
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == SN_X9_62_prime256v1;
}

Key key_from_scalar(const BIGNUM* scalar) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Point point(EC_POINT_new(group.get()));
  if (EC_POINT_mul(group.get(), point.get(), scalar, nullptr, nullptr, nullptr) != 1) return nullptr;
  std::array<unsigned char, 65> encoded{};
  if (EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(), encoded.size(), nullptr) ==
      0) {
    return nullptr;
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size());
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get());
  return Key(key);
}

}  // namespace

struct Es256Key::Impl {
  Key key;
  Number scalar;  // null for a public key
  std::string id;

  static Result<Es256Key> make(Key key, Number scalar) {
    if (!key || !is_p256(key.get())) return internal_error("not an EC key on the curve P-256");
    auto impl = std::make_shared<Impl>();
    impl->id = base64url_encode(as_text(sha256(der_of(key.get()))));
    impl->key = std::move(key);
    impl->scalar = std::move(scalar);
    return Es256Key(std::move(impl));
  }
};

Result<Es256Key> Es256Key::generate(Entropy& entropy) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  constexpr int kTriesMax = 64;  // one in 2^32 candidates is out of range
  for (int i = 0; i < kTriesMax; ++i) {
    std::array<unsigned char, kScalarBytes> bytes{};
    entropy.fill(bytes);
    const std::string scalar(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (in_range(number_from(scalar).get(), EC_GROUP_get0_order(group.get()))) return from_scalar(scalar);
  }
  return internal_error("the source of entropy gives no usable key");
}

Result<Es256Key> Es256Key::from_scalar(std::string_view scalar) {
  Number number = number_from(scalar);
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  if (!in_range(number.get(), EC_GROUP_get0_order(group.get()))) return internal_error("private key out of range");
  Key key = key_from_scalar(number.get());
  return Impl::make(std::move(key), std::move(number));
}

Result<std::vector<Es256Key>> Es256Key::read_pem(std::string_view pem) {
  std::vector<Es256Key> keys;
  constexpr std::string_view kBegin = "-----BEGIN ";
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    if (keys.size() == kKeysPerFileMax) return internal_error("too many keys in one file");
    const std::string_view block = pem.substr(at);
    const std::string_view label = block.substr(0, block.find('\n'));
    if (label.find("EC PARAMETERS") != std::string_view::npos) continue;
    const Bio bio(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
    const bool is_public = label.find("PUBLIC KEY") != std::string_view::npos;
    Key key(is_public ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)
                      : PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")));
    ERR_clear_error();
    if (!key) return internal_error("key " + std::to_string(keys.size() + 1) + " cannot be read");
    Number scalar;
    BIGNUM* private_part = nullptr;
    if (!is_public && EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &private_part) == 1)
      scalar.reset(private_part);
    keys.push_back(TRY(Impl::make(std::move(key), std::move(scalar))));
  }
  return keys;
}

bool Es256Key::can_sign() const { return impl_->scalar != nullptr; }
const std::string& Es256Key::key_id() const { return impl_->id; }
std::string Es256Key::x() const { return coordinate(impl_->key.get(), OSSL_PKEY_PARAM_EC_PUB_X); }
std::string Es256Key::y() const { return coordinate(impl_->key.get(), OSSL_PKEY_PARAM_EC_PUB_Y); }

std::string Es256Key::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (can_sign())
    PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  else
    PEM_write_bio_PUBKEY(bio.get(), impl_->key.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string Es256Key::sign(std::string_view input) const {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  const NumberContext context(BN_CTX_secure_new());
  Number digest = number_from(as_text(sha256(input)));
  BN_nnmod(digest.get(), digest.get(), order, context.get());
  NonceStream nonces(bytes_of(impl_->scalar.get()), bytes_of(digest.get()));
  const Number order_minus_2(BN_dup(order));
  BN_sub_word(order_minus_2.get(), 2);

  const Number r = secret_number(), s = secret_number(), inverse = secret_number(), blinded = secret_number();
  const Point point(EC_POINT_new(group.get()));
  for (;;) {
    const Number nonce = number_from(nonces.next());
    if (!in_range(nonce.get(), order)) continue;
    EC_POINT_mul(group.get(), point.get(), nonce.get(), nullptr, nullptr, context.get());
    EC_POINT_get_affine_coordinates(group.get(), point.get(), r.get(), nullptr, context.get());
    BN_nnmod(r.get(), r.get(), order, context.get());
    // s = (digest + r * key) / nonce, with key and digest multiplied by a factor that is taken out with the nonce: what an
    // observer could time never depends on the key alone.
    const Number factor = number_from(as_text(hmac_sha256(bytes_of(nonce.get()), "blinding")));
    BN_nnmod(factor.get(), factor.get(), order, context.get());
    if (BN_is_zero(factor.get())) BN_one(factor.get());
    BN_mod_mul(blinded.get(), factor.get(), impl_->scalar.get(), order, context.get());
    BN_mod_mul(s.get(), blinded.get(), r.get(), order, context.get());
    BN_mod_mul(blinded.get(), factor.get(), digest.get(), order, context.get());
    BN_mod_add(s.get(), s.get(), blinded.get(), order, context.get());
    BN_mod_mul(blinded.get(), factor.get(), nonce.get(), order, context.get());
    BN_mod_exp_mont_consttime(inverse.get(), blinded.get(), order_minus_2.get(), order, context.get(), nullptr);
    BN_mod_mul(s.get(), s.get(), inverse.get(), order, context.get());
    if (!BN_is_zero(r.get()) && !BN_is_zero(s.get())) break;
  }
  return bytes_of(r.get()) + bytes_of(s.get());
}

bool Es256Key::verify(std::string_view input, std::string_view signature) const {
  if (signature.size() != 2 * kScalarBytes) return false;
  const Signature parts(ECDSA_SIG_new());
  const auto number = [&](std::size_t offset) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(signature.data()) + offset, kScalarBytes, nullptr);
  };
  ECDSA_SIG_set0(parts.get(), number(0), number(kScalarBytes));
  unsigned char* der = nullptr;
  const int der_size = i2d_ECDSA_SIG(parts.get(), &der);
  if (der_size <= 0) return false;
  const DigestContext context(EVP_MD_CTX_new());
  const bool valid = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) == 1 &&
                     EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(der_size),
                                      reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
  OPENSSL_free(der);
  ERR_clear_error();
  return valid;
}

}  // namespace plinth::server::auth
