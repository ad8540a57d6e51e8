// A client of PostgreSQL's protocol 3.0 as far as the application needs one: one statement with text parameters at a time.
// Source: PostgreSQL documentation, "Frontend/Backend Protocol".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connection.h"
#include "videos.h"

namespace silly_demo {

using Rows = std::vector<std::vector<std::string>>;  // NULL is ""

class Postgres {
 public:
  static constexpr std::size_t kMessageBytesMax = 16 << 20;
  static constexpr int kAnswerSecondsMax = 30;

  // Connects and logs in: trust, password, MD5 and SCRAM-SHA-256.
  Failure open(const DatabaseAddress& address);
  // An error of the server leaves the connection usable; after another one alive() is false.
  Failure query(const std::string& statement, const std::vector<std::string>& parameters, Rows& rows);
  bool alive() const { return alive_; }

 private:
  struct Message {
    char type = 0;
    std::string body;
  };
  bool receive(Message& message);
  bool send(char type, const std::string& body);
  Failure log_in(const DatabaseAddress& address);
  Failure answer_request(const Message& message, const DatabaseAddress& address);
  Failure scram(const std::string& password);
  Failure lost();

  Connection connection_;
  bool alive_ = false;
};

// Of an ErrorResponse: "ERROR #42P01 relation ... does not exist".
Failure error_text(const std::string& body);

// Big-endian, as all of the protocol's numbers are.
std::string int32_bytes(std::uint32_t value);
std::string int16_bytes(std::uint16_t value);
std::uint32_t int32_at(const std::string& bytes, std::size_t at);
std::uint16_t int16_at(const std::string& bytes, std::size_t at);

}  // namespace silly_demo
