#include "store/secrets.h"

#include <charconv>
#include <cstring>
#include <vector>

#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/directories.h"

namespace plinth::store {
namespace {

constexpr std::string_view kFileMark = "plinth-keys 1\n";
constexpr std::uint64_t kFileBytesMax = 16 << 20;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
// A sealed text: one byte of form, the key's id, the nonce, the cipher text, the tag.
constexpr char kForm = 1;
constexpr std::size_t kLeadBytes = 1 + 8 + kNonceBytes;

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(char* text) { return reinterpret_cast<unsigned char*>(text); }

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

bool unhex(std::string_view text, std::string& out) {
  out.clear();
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto end = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (end.ptr != text.data() + i + 2) return false;
    out += static_cast<char>(value);
  }
  return true;
}

// The next word of a line, taken off its front.
std::string_view word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view out = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return out;
}

template <typename T>
bool number(std::string_view text, T& out, int base) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return end.ec == std::errc() && end.ptr == text.data() + text.size() && !text.empty();
}

}  // namespace

KeyFileSealer::KeyFileSealer(Disk& disk, Entropy& entropy, std::string path, KeyFileOptions options)
    : disk_(disk), entropy_(entropy), path_(std::move(path)), options_(options) {}

KeyFileSealer::~KeyFileSealer() {
  for (auto& [_, key] : keys_) OPENSSL_cleanse(key.bytes.data(), key.bytes.size());
}

Result<std::unique_ptr<KeyFileSealer>> KeyFileSealer::open(Disk& disk, Entropy& entropy, std::string path,
                                                           KeyFileOptions options) {
  auto sealer = std::unique_ptr<KeyFileSealer>(new KeyFileSealer(disk, entropy, std::move(path), options));
  auto text = read_file(disk, sealer->path_, kFileBytesMax);
  if (text.ok()) {
    TRY(sealer->parse(text.value()));
    OPENSSL_cleanse(text.value().data(), text.value().size());
    return sealer;
  }
  if (text.error().reason() != Reason::kNotFound) return std::move(text).error();
  TRY(make_durable_directories(disk, sealer->path_.substr(0, sealer->path_.rfind('/'))));
  sealer->add_key();
  TRY(sealer->save());
  return sealer;
}

// Lines "key <id> <64 hex digits> <uses>", the current key last.
Result<void> KeyFileSealer::parse(const std::string& text) {
  const auto broken = [&](std::size_t line) {
    return Error(Reason::kStoreReadError,
                 fmt::format("the key file {} is damaged in line {}; restore it from a backup: without it what "
                             "is encrypted cannot be read",
                             path_, line));
  };
  if (text.compare(0, kFileMark.size(), kFileMark) != 0) return broken(1);
  std::string_view rest = std::string_view(text).substr(kFileMark.size());
  for (std::size_t line_number = 2; !rest.empty(); ++line_number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return broken(line_number);
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    Key key;
    if (word(line) != "key" || !number(word(line), key.id, 16) || !unhex(word(line), key.bytes) ||
        key.bytes.size() != kKeyBytes || !number(word(line), key.reserved, 10) || !line.empty() || key.id == 0) {
      return broken(line_number);
    }
    key.uses = key.reserved;
    current_ = key.id;
    keys_[key.id] = std::move(key);
  }
  return keys_.empty() ? Result<void>(broken(2)) : Result<void>();
}

Result<void> KeyFileSealer::save() {
  std::string text(kFileMark);
  auto add = [&](const Key& key) { text += fmt::format("key {:016x} {} {}\n", key.id, hex(key.bytes), key.reserved); };
  for (const auto& [id, key] : keys_) {
    if (id != current_) add(key);
  }
  add(keys_[current_]);
  auto written = write_file_atomically(disk_, path_, text, 0600);
  OPENSSL_cleanse(text.data(), text.size());
  return written;
}

void KeyFileSealer::add_key() {
  Key key;
  key.bytes.resize(kKeyBytes);
  entropy_.fill({raw(key.bytes.data()), key.bytes.size()});
  while (key.id == 0 || keys_.count(key.id) != 0) entropy_.fill({reinterpret_cast<unsigned char*>(&key.id), sizeof key.id});
  current_ = key.id;
  keys_[key.id] = std::move(key);
}

// The mutex is held.
Result<void> KeyFileSealer::count_use() {
  const std::uint64_t before = current_;
  if (keys_[current_].uses >= options_.uses_max) add_key();
  Key& key = keys_[current_];
  if (key.uses >= key.reserved) {
    key.reserved = key.uses + options_.uses_step;
    auto saved = save();
    if (!saved.ok()) {
      key.reserved = key.uses;
      if (current_ != before) keys_.erase(std::exchange(current_, before));
      return saved;
    }
  }
  ++key.uses;
  return {};
}

Result<std::string> KeyFileSealer::seal(std::string_view plain, std::string_view associated) {
  std::string key;
  std::string out(kLeadBytes + plain.size() + kTagBytes, '\0');
  {
    std::lock_guard lock(mutex_);
    TRY(count_use());
    key = keys_[current_].bytes;
    out[0] = kForm;
    std::memcpy(out.data() + 1, &current_, 8);
  }
  char* nonce = out.data() + 1 + 8;
  entropy_.fill({raw(nonce), kNonceBytes});
  char* cipher = out.data() + kLeadBytes;
  const Context context(EVP_CIPHER_CTX_new());
  int n = 0;
  const bool done = context != nullptr &&
                    EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
                    EVP_EncryptUpdate(context.get(), nullptr, &n, raw(associated), static_cast<int>(associated.size())) == 1 &&
                    EVP_EncryptUpdate(context.get(), raw(cipher), &n, raw(plain), static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), raw(cipher) + n, &n) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, cipher + plain.size()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) return internal_error("encryption failed");
  return out;
}

Result<std::string> KeyFileSealer::open(std::string_view sealed, std::string_view associated) {
  if (sealed.size() < kLeadBytes + kTagBytes || sealed[0] != kForm) {
    return Error(Reason::kStoreReadError, "an encrypted record does not have the form of one");
  }
  std::uint64_t id;
  std::memcpy(&id, sealed.data() + 1, 8);
  std::string key;
  {
    std::lock_guard lock(mutex_);
    const auto found = keys_.find(id);
    if (found == keys_.end()) {
      return Error(
          Reason::kStoreReadError,
          fmt::format("a record is encrypted with key {:016x}, which is not in {}; bring back the key file that belongs to "
                      "this data",
                      id, path_));
    }
    key = found->second.bytes;
  }
  const std::string_view nonce = sealed.substr(9, kNonceBytes);
  const std::string_view cipher = sealed.substr(kLeadBytes, sealed.size() - kLeadBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string out(cipher.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int n = 0;
  const bool done = context != nullptr &&
                    EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
                    EVP_DecryptUpdate(context.get(), nullptr, &n, raw(associated), static_cast<int>(associated.size())) == 1 &&
                    EVP_DecryptUpdate(context.get(), raw(out.data()), &n, raw(cipher), static_cast<int>(cipher.size())) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), raw(out.data()) + n, &n) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) return Error(Reason::kStoreReadError, "an encrypted record was changed or belongs to another object");
  return out;
}

Result<void> KeyFileSealer::rotate() {
  std::lock_guard lock(mutex_);
  const std::uint64_t before = current_;
  add_key();
  auto saved = save();
  if (!saved.ok()) keys_.erase(std::exchange(current_, before));
  return saved;
}

Result<void> KeyFileSealer::forget_old() {
  std::lock_guard lock(mutex_);
  for (auto it = keys_.begin(); it != keys_.end();) {
    if (it->first == current_) {
      ++it;
      continue;
    }
    OPENSSL_cleanse(it->second.bytes.data(), it->second.bytes.size());
    it = keys_.erase(it);
  }
  return save();
}

std::size_t KeyFileSealer::key_count() const {
  std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace plinth::store
