// The name of a document's content: quoted upper-case hexadecimal SHA-512.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace plinth::server {

// Fed piece by piece.
class Etag {
 public:
  Etag();
  ~Etag();
  void add(std::string_view bytes);
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string etag_of(std::string_view body);

}  // namespace plinth::server
