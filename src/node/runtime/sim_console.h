// Standard input and output of a virtual container, for whoever attaches to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/runtime/runtime.h"

namespace plinth::node {

class SimAttachment;

class SimConsole final : public std::enable_shared_from_this<SimConsole> {
 public:
  static constexpr std::size_t kUnreadBytesMax = 1 << 20;  // of one client that does not read; past it, its stream breaks

  // `input_once`: the input ends with the first client that ends it, or leaves.
  SimConsole(Loop& loop, bool has_input, bool input_once) : loop_(loop), has_input_(has_input), input_once_(input_once) {}

  void say(std::string_view text, bool error_output);
  void end();  // the container has ended
  std::unique_ptr<ProcessStream> attach(bool wants_input);
  // What clients typed since the last call, and whether there may be more.
  std::string take_input();
  bool input_open() const { return has_input_ && !input_ended_; }
  void on_input(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  friend class SimAttachment;
  void type(std::string_view bytes);
  void end_input();

  Loop& loop_;
  const bool has_input_, input_once_;
  bool input_ended_ = false, ended_ = false;
  std::string input_;
  std::function<void()> wake_;
  std::vector<SimAttachment*> attachments_;
};

}  // namespace plinth::node
