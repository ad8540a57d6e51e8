#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>

#include <strings.h>
#include <unistd.h>
#include <yaml.h>

#include "videos.h"

namespace silly_demo {
namespace {

std::string text_of(const yaml_node_t* node) {
  if (node == nullptr || node->type != YAML_SCALAR_NODE) return "";
  return {reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length};
}

Video video_of(yaml_document_t& document, const yaml_node_t& mapping) {
  Video video;
  for (auto* pair = mapping.data.mapping.pairs.start; pair != mapping.data.mapping.pairs.top; ++pair) {
    const auto key = text_of(yaml_document_get_node(&document, pair->key));
    const auto value = text_of(yaml_document_get_node(&document, pair->value));
    if (key == "id") video.id = value;
    if (key == "title") video.title = value;
  }
  return video;
}

Failure take_document(yaml_document_t& document, std::vector<Video>& videos) {
  const yaml_node_t* root = yaml_document_get_root_node(&document);
  if (root == nullptr) return "";
  if (root->type != YAML_SEQUENCE_NODE) return "yaml: the file is not a list of videos";
  for (auto* item = root->data.sequence.items.start; item != root->data.sequence.items.top; ++item) {
    const yaml_node_t* node = yaml_document_get_node(&document, *item);
    if (node == nullptr || node->type != YAML_MAPPING_NODE) return "yaml: an item of the file is not a video";
    videos.push_back(video_of(document, *node));
  }
  return "";
}

Failure parse(const std::string& text, std::vector<Video>& videos) {
  yaml_parser_t parser;
  yaml_document_t document;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  Failure failure;
  if (yaml_parser_load(&parser, &document) == 0) {
    failure =
        "yaml: line " + std::to_string(parser.problem_mark.line + 1) + ": " + (parser.problem ? parser.problem : "not YAML");
  } else {
    failure = take_document(document, videos);
    yaml_document_delete(&document);
  }
  yaml_parser_delete(&parser);
  return failure;
}

// Whether a plain scalar would be read back as something else than a string.
bool needs_quotes(const std::string& text) {
  for (const char* word : {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (strcasecmp(text.c_str(), word) == 0) return true;
  }
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return *end == '\0';
}

int add_text(yaml_document_t& document, const std::string& text) {
  const auto style = needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE;
  return yaml_document_add_scalar(&document, nullptr, reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()), style);
}

int append(void* out, unsigned char* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
  return 1;
}

std::string print(const std::vector<Video>& videos) {
  std::string text;
  yaml_emitter_t emitter;
  yaml_document_t document;
  yaml_emitter_initialize(&emitter);
  yaml_emitter_set_output(&emitter, append, &text);
  yaml_emitter_set_unicode(&emitter, 1);
  yaml_emitter_set_width(&emitter, -1);
  yaml_document_initialize(&document, nullptr, nullptr, nullptr, 1, 1);
  const int list = yaml_document_add_sequence(&document, nullptr, YAML_BLOCK_SEQUENCE_STYLE);
  for (const auto& video : videos) {
    const int mapping = yaml_document_add_mapping(&document, nullptr, YAML_BLOCK_MAPPING_STYLE);
    yaml_document_append_mapping_pair(&document, mapping, add_text(document, "id"), add_text(document, video.id));
    yaml_document_append_mapping_pair(&document, mapping, add_text(document, "title"), add_text(document, video.title));
    yaml_document_append_sequence_item(&document, list, mapping);
  }
  yaml_emitter_open(&emitter);
  yaml_emitter_dump(&emitter, &document);
  yaml_emitter_delete(&emitter);
  return text;
}

class FileVideos final : public Videos {
 public:
  explicit FileVideos(std::string path) : path_(std::move(path)) {}

  Failure list(std::vector<Video>& videos) override {
    const std::lock_guard lock(mutex_);
    return read(videos);
  }

  Failure add(const Video& video) override {
    const std::lock_guard lock(mutex_);
    std::vector<Video> videos;
    if (::access(path_.c_str(), F_OK) == 0) {
      if (auto failure = read(videos); !failure.empty()) return failure;
    }
    videos.push_back(video);
    std::ofstream file(path_, std::ios::trunc);
    file << print(videos);
    file.flush();
    return file ? "" : failed();
  }

 private:
  Failure read(std::vector<Video>& videos) const {
    std::ifstream file(path_);
    if (!file) return failed();
    std::ostringstream text;
    text << file.rdbuf();
    return parse(text.str(), videos);
  }

  Failure failed() const {
    std::string reason = std::strerror(errno);
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
    return "open " + path_ + ": " + reason;
  }

  const std::string path_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Videos> file_videos(const std::string& directory) {
  return std::make_unique<FileVideos>(directory + "/videos.yaml");
}

}  // namespace silly_demo
