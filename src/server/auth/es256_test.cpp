#include "server/auth/es256.h"

#include <doctest/doctest.h>

#include "server/auth/base64url.h"
#include "server/auth/test_snapshot.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

std::string unhex(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return out;
}

}  // namespace

TEST_CASE("ES256 signatures are those of RFC 6979, A.2.5") {
  const auto key = Es256Key::from_scalar(unhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"));
  REQUIRE(key.ok());
  CHECK(key->x() == unhex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"));
  CHECK(key->y() == unhex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"));
  struct {
    const char *message, *r, *s;
  } cases[] = {
      {"sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
       "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
      {"test", "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
       "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.message);
    const std::string signature = key->sign(c.message);
    CHECK(signature == unhex(c.r) + unhex(c.s));
    CHECK(key->verify(c.message, signature));
    CHECK_FALSE(key->verify(std::string(c.message) + "x", signature));
    for (std::size_t i = 0; i < signature.size(); i += 7) {
      std::string bent = signature;
      bent[i] = static_cast<char>(bent[i] ^ 1);
      CHECK_FALSE(key->verify(c.message, bent));
    }
  }
  CHECK_FALSE(key->verify("sample", std::string(64, '\0')));
  CHECK_FALSE(key->verify("sample", ""));
}

TEST_CASE("ES256 verifies the token of RFC 7515, A.3") {
  const auto keys = Es256Key::read_pem(
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
      "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n-----END PUBLIC KEY-----\n");
  REQUIRE(keys.ok());
  const Es256Key& key = keys->at(0);
  CHECK(base64url_encode(key.x()) == "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  CHECK(base64url_encode(key.y()) == "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  CHECK(key.verify(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      base64url_decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q").value()));
}

TEST_CASE("the key id is that of the API server") {
  // openssl: base64url(sha256(SubjectPublicKeyInfo)) of the key of RFC 6979.
  const auto key = Es256Key::from_scalar(unhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"));
  CHECK(key->key_id() == "Wnp4zKSg9CDZvGK7Zpw8J1njn3I9OuENy-DwgVoH7NQ");
}

TEST_CASE("keys as PEM") {
  TestEntropy entropy;
  const auto key = Es256Key::generate(entropy);
  REQUIRE(key.ok());
  const auto read = Es256Key::read_pem("# a comment\n" + key->pem() + key->pem());
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  CHECK((*read)[1].key_id() == key->key_id());
  CHECK((*read)[1].can_sign());
  CHECK((*read)[0].sign("x") == key->sign("x"));
  // openssl pkey -pubout of another key: it verifies and does not sign.
  const auto public_key = Es256Key::read_pem(
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
      "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n-----END PUBLIC KEY-----\n");
  REQUIRE(public_key.ok());
  CHECK_FALSE(public_key->at(0).can_sign());
  CHECK_FALSE(Es256Key::read_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").ok());
  // prime256v1 is the only curve: this is secp384r1.
  CHECK_FALSE(Es256Key::read_pem("-----BEGIN PUBLIC "
                                 "KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEfVt/dfsFC+2KcqMPBS95hNlEwSq3HnuE\nBnWL2/"
                                 "Sg22cQ+B7nh+nyoSzpWjCi0Ro7uPF1bOieo1MrpZS6HJDxuifrdrfr+"
                                 "TsL\n4tvhoApIZ7gYWmHjJraWcejv5WreuzIk\n-----END PUBLIC KEY-----\n")
                  .ok());
  CHECK(Es256Key::read_pem("no key here")->empty());
}
