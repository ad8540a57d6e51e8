// Follows one kind of a remote cluster: lists it in pages, watches it from there, goes on after a cut, and lists again when its
// place is no longer known.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/object.h"
#include "client/remote_transport.h"

namespace plinth::client {

class ReflectorEvents {
 public:
  virtual ~ReflectorEvents() = default;
  virtual void on_list(const Resource& resource, std::vector<Object> objects, std::uint64_t revision) = 0;
  virtual void on_object(Object object, bool deleted) = 0;
  virtual void on_bookmark(const Resource& resource, std::uint64_t revision) = 0;
  // Each failed attempt; it is tried again.
  virtual void on_trouble(const Resource& resource, const Error& error) = 0;
};

// Lives on the server's loop.
class Reflector {
 public:
  struct Limits {
    std::size_t page = 500;
    std::size_t event_bytes_max = 16ull << 20;
    Duration backoff_first = std::chrono::milliseconds(200);
    Duration backoff_max = std::chrono::seconds(30);
    int watch_seconds = 290;  // then the server ends it, and it goes on with a new one
  };
  Reflector(std::shared_ptr<RemoteServer> server, Resource resource, ReflectorEvents& events);
  Reflector(std::shared_ptr<RemoteServer> server, Resource resource, ReflectorEvents& events, Limits limits);
  ~Reflector() { stop(); }
  void start() { list(""); }
  void stop();

 private:
  void list(const std::string& continue_token);
  void take_page(Response response);
  void watch();
  void take(std::string_view bytes);
  void take_event(std::string_view line);
  void watch_ended(const Result<void>& outcome);
  void again(bool list_anew, const Error& error);
  Object object_of(const Value& item) const;

  std::shared_ptr<RemoteServer> server_;
  const Resource resource_;
  ReflectorEvents& events_;
  const Limits limits_;
  std::vector<Object> listed_;
  std::uint64_t revision_ = 0;
  std::string input_;
  net::HttpClient::Cancel cancel_;
  int status_ = 0;
  bool expired_ = false, overlong_ = false, progressed_ = false;
  int failures_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::client
