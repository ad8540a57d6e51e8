#include "compose/definition/plural.h"

#include <iterator>

namespace plinth::compose {
namespace {

// Irregular words. A word counts as a suffix too ("superchild", "subindex") unless it is exact. `other` is a second accepted
// plural.
struct Irregular {
  std::string_view singular, plural, other = "";
  bool exact = false;
  bool one_way = false;  // its plural is not known as a plural
};

constexpr Irregular kIrregular[] = {
    {"aircraft", "aircraft"},
    {"beef", "beef", "beefs"},
    {"bison", "bison"},
    {"blues", "blues", "", false, true},
    {"chassis", "chassis"},
    {"deer", "deer"},
    {"fish", "fish", "fishes"},
    {"moose", "moose"},
    {"police", "police"},
    {"salmon", "salmon", "salmons"},
    {"series", "series"},
    {"sheep", "sheep"},
    {"shrimp", "shrimp", "shrimps"},
    {"species", "species"},
    {"swine", "swine", "swines"},
    {"trout", "trout", "trouts"},
    {"tuna", "tuna", "tunas"},
    {"you", "you"},
    {"child", "children"},
    {"ox", "oxen", "", true},
    {"foot", "feet"},
    {"goose", "geese"},
    {"man", "men"},
    {"human", "humans"},
    {"louse", "lice", "", true},
    {"mouse", "mice"},
    {"tooth", "teeth"},
    {"woman", "women"},
    {"die", "dice", "", true},
    {"person", "people"},
    {"adieu", "adieux", "adieus"},
    {"fabliau", "fabliaux"},
    {"bureau", "bureaus", "bureaux"},
    {"criterion", "criteria"},
    {"ganglion", "ganglia", "ganglions"},
    {"lexicon", "lexica", "lexicons"},
    {"mitochondrion", "mitochondria", "mitochondrions"},
    {"noumenon", "noumena"},
    {"phenomenon", "phenomena"},
    {"taxon", "taxa"},
    {"media", "media"},
    {"medium", "media", "mediums", false, true},
    {"stadium", "stadiums", "stadia"},
    {"aquarium", "aquaria", "aquariums"},
    {"auditorium", "auditoria", "auditoriums"},
    {"symposium", "symposia", "symposiums"},
    {"curriculum", "curriculums", "curricula"},
    {"quota", "quotas"},
    {"alumnus", "alumni", "alumnuses"},
    {"bacillus", "bacilli"},
    {"cactus", "cacti", "cactuses"},
    {"coccus", "cocci"},
    {"focus", "foci", "focuses"},
    {"locus", "loci", "locuses"},
    {"nucleus", "nuclei", "nucleuses"},
    {"octopus", "octupuses", "octopi"},
    {"radius", "radii", "radiuses"},
    {"syllabus", "syllabi"},
    {"corpus", "corpora", "corpuses"},
    {"genus", "genera"},
    {"alumna", "alumnae"},
    {"vertebra", "vertebrae"},
    {"differentia", "differentiae"},
    {"minutia", "minutiae"},
    {"vita", "vitae"},
    {"larva", "larvae"},
    {"postcava", "postcavae"},
    {"praecava", "praecavae"},
    {"uva", "uvae"},
    {"apex", "apices", "apexes"},
    {"codex", "codices", "codexes"},
    {"index", "indices", "indexes"},
    {"latex", "latices", "latexes"},
    {"vertex", "vertices", "vertexes"},
    {"vortex", "vortices", "vortexes"},
    {"appendix", "appendices", "appendixes"},
    {"radix", "radices", "radixes"},
    {"helix", "helices", "helixes"},
    {"axis", "axes", "", true},
    {"crisis", "crises"},
    {"ellipsis", "ellipses", "", false, true},
    {"genesis", "geneses"},
    {"oasis", "oases"},
    {"thesis", "theses"},
    {"testis", "testes"},
    {"base", "bases"},
    {"basis", "bases", "", false, true},
    {"alias", "aliases", "", true},
    {"vedalia", "vedalias"},
    {"use", "uses", "", true},
    {"abuse", "abuses"},
    {"cause", "causes"},
    {"clause", "clauses"},
    {"cruse", "cruses"},
    {"excuse", "excuses"},
    {"fuse", "fuses"},
    {"house", "houses"},
    {"misuse", "misuses"},
    {"muse", "muses"},
    {"pause", "pauses"},
    {"ache", "aches"},
    {"topaz", "topazes"},
    {"buffalo", "buffaloes", "buffalos"},
    {"potato", "potatoes"},
    {"tomato", "tomatoes"},
    {"equipment", "equipment"},
    {"information", "information"},
    {"jeans", "jeans"},
    {"money", "money"},
    {"news", "news"},
    {"rice", "rice"},
    {"dwarf", "dwarfs", "dwarves"},
    {"hoof", "hoofs", "hooves"},
    {"thief", "thieves"},
    {"chive", "chives"},
    {"hive", "hives"},
    {"move", "moves"},
    {"movie", "movies"},
    {"cookie", "cookies"},
    {"pretorium", "pretoriums"},
    {"agenda", "agendas"},
    {"formula", "formulas", "formulae"},
    {"shoe", "shoes"},
    {"toe", "toes", "", true},
    {"graffiti", "graffiti"},
};

struct Ending {
  std::string_view singular, plural;
};

// The first that fits decides.
constexpr Ending kEndings[] = {
    {"tive", "tives"},   {"eaf", "eaves"},      {"oaf", "oaves"},   {"afe", "aves"},    {"arf", "arves"},
    {"rfe", "rves"},     {"rf", "rves"},        {"lf", "lves"},     {"fe", "ves"},      {"ay", "ays"},
    {"ey", "eys"},       {"oy", "oys"},         {"quy", "quies"},   {"uy", "uys"},      {"y", "ies"},
    {"eau", "eaux"},     {"bula", "bulae"},     {"dula", "bulae"},  {"lula", "bulae"},  {"nula", "bulae"},
    {"vula", "bulae"},   {"hedron", "hedra"},   {"ium", "ia"},      {"seum", "seums"},  {"eum", "ea"},
    {"oum", "oa"},       {"stracum", "straca"}, {"dum", "da"},      {"elum", "ela"},    {"ilum", "ila"},
    {"olum", "ola"},     {"ulum", "ula"},       {"llum", "lla"},    {"ylum", "yla"},    {"imum", "ima"},
    {"ernum", "erna"},   {"gnum", "gna"},       {"brum", "bra"},    {"crum", "cra"},    {"terum", "tera"},
    {"serum", "sera"},   {"trum", "tra"},       {"antum", "anta"},  {"atum", "ata"},    {"entum", "enta"},
    {"etum", "eta"},     {"itum", "ita"},       {"otum", "ota"},    {"utum", "uta"},    {"ctum", "cta"},
    {"ovum", "ova"},     {"trix", "trices"},    {"iasis", "iases"}, {"mesis", "meses"}, {"kinesis", "kineses"},
    {"resis", "reses"},  {"gnosis", "gnoses"},  {"opsis", "opses"}, {"ysis", "yses"},   {"ouse", "ouses"},
    {"lause", "lauses"}, {"us", "uses"},        {"ch", "ches"},     {"io", "ios"},      {"sh", "shes"},
    {"ss", "sses"},      {"ez", "ezzes"},       {"iz", "izzes"},    {"tz", "tzes"},     {"zz", "zzes"},
    {"ano", "anos"},     {"lo", "los"},         {"to", "tos"},      {"oo", "oos"},      {"o", "oes"},
    {"x", "xes"},
};

std::string with_ending(std::string_view word, std::string_view ending, std::string_view replacement) {
  return std::string(word.substr(0, word.size() - ending.size())) + std::string(replacement);
}

}  // namespace

std::string pluralize(std::string_view word) {
  for (const Irregular& i : kIrregular) {
    if (word == i.singular) return std::string(i.plural);
  }
  for (const Irregular& i : kIrregular) {
    if (!i.one_way && (word == i.plural || (!i.other.empty() && word == i.other))) return std::string(word);
  }
  // As parts of longer words the last ones of the table come first.
  for (auto i = std::rbegin(kIrregular); i != std::rend(kIrregular); ++i) {
    if (i->exact) continue;
    if (word.ends_with(i->plural)) return std::string(word);
    if (word.ends_with(i->singular)) return with_ending(word, i->singular, i->plural);
  }
  for (const Ending& e : kEndings) {
    if (word.ends_with(e.plural)) return std::string(word);
    if (word.ends_with(e.singular)) return with_ending(word, e.singular, e.plural);
  }
  if (word.ends_with('s')) return std::string(word);
  return std::string(word) + "s";
}

}  // namespace plinth::compose
