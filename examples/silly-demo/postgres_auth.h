// What PostgreSQL wants to see instead of a password.
#pragma once

#include <string>

namespace silly_demo {

// "md5" and the digest of digest and salt.
std::string md5_answer(const std::string& user, const std::string& password, const std::string& salt);

// SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). The steps are called in the order in which they stand here.
class Scram {
 public:
  explicit Scram(std::string password) : password_(std::move(password)) {}
  std::string first();
  // "" when the server's message is not what the protocol says.
  std::string final(const std::string& server_first);
  // Whether the server knows the password too.
  bool verify(const std::string& server_final) const;

 private:
  const std::string password_;
  std::string first_bare_, server_signature_;
};

}  // namespace silly_demo
