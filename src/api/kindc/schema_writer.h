// Writes schemas as C++ constants. One writer per output file; what is equal within a file is written once.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kind_data.h"

namespace plinth::kindc {

class SchemaWriter {
 public:
  explicit SchemaWriter(const KindData& data) : data_(data) {}

  // Appends the definition of a named type and of all that it needs in this file.
  Result<void> add_type(const std::string& name);
  // Everything written so far: constants in an unnamed namespace, then the named types.
  const std::string& constants() const { return constants_; }
  const std::string& types() const { return types_; }

 private:
  // Where an error would be.
  struct At {
    const std::string& file;
    std::string path;
  };
  // Expression for the address of the schema that `node` describes.
  Result<std::string> schema(const Value& node, const At& at);
  // The initializer of a Schema; `name` for named types.
  Result<std::string> initializer(const Value& node, std::string_view name, const At& at);
  Result<std::string> scalars(const Value& node, const At& at);
  Result<std::string> logic(const Value& node, const At& at);
  Result<std::string> wire(const Value& node, const At& at);
  Result<std::string> list_form(const Value& node, const At& at);
  Result<std::string> fields(const Value& node, const At& at);
  Result<std::string> field(const Member& property, bool required, const At& at);
  Result<std::string> default_of(const Value& value, const At& at);
  Result<void> check_list_keys(const Value& node, const At& at);
  Result<Value> resolve(const Value& node, const At& at);
  // A constant array (or other object), shared by equal text; returns its name.
  std::string constant(std::string_view type, std::string_view extent, const std::string& body);
  std::string strings(const Value& list);
  Result<std::string> value_expression(const Value& value, const At& at);

  const KindData& data_;
  std::string constants_;
  std::string types_;
  std::map<std::string, std::string> shared_;  // text of a constant -> its name
};

}  // namespace plinth::kindc
