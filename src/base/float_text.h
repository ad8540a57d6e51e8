// Doubles as Go prints them: the shortest digits that read back, in encoding/json's or strconv's 'g' form.
#pragma once

#include <string>

namespace plinth {

// encoding/json: no exponent for 1e-6 <= |d| < 1e21. Not-a-number and infinities become "null".
void append_json_double(std::string& out, double d);
// strconv.FormatFloat(d, 'g', -1, 64): an exponent below 1e-4 and from 1e6 on. Finite values only.
void append_g(std::string& out, double d);
// The same with the shortest digits of the value as float32; go-yaml makes map keys of it.
void append_g32(std::string& out, double d);

}  // namespace plinth
