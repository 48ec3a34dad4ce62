#include "engine/fitting.hpp"

#include "base/warnings.hpp"
#include "engine/loss_head.hpp"
#include "engine/meaning.hpp"
#include "plan/threat_words.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace spar::host {

spar_threat threat_for(const Threat &from, const Data &data, std::int64_t classes) {
    const bool inside_model = from.space == SPAR_SPACE_PARAMETER || from.space == SPAR_SPACE_SITE;
    const auto refuse = [&](const std::string &key, const std::string &what) {
        throw Failure(Exit::pipeline, "#" + from.pointer + key + ": " + what);
    };
    const bool words = from.space == SPAR_SPACE_TOKENS;
    if (words && (data.tokenizer() == nullptr || !data.tokens()))
        refuse(
            "/space",
            fmt::format("\"tokens\" is for attacks on texts, and #{} gives none that a tokenizer "
                        "of the pipeline makes tokens of",
                        data.instance().pointer()));
    if (words && !data.classes())
        refuse("/space", "attacks on texts aim at classes, and the data has none");
    if (!inside_model && !words && (from.space == SPAR_SPACE_EMBEDDING) != data.tokens())
        refuse("/space",
               data.tokens()
                   ? "a text has no values to perturb, but its vectors do; set \"space\": "
                     "\"embedding\", or \"tokens\" to edit its words"
                   : fmt::format("\"embedding\" is for text, but the data holds values {}; set "
                                 "\"space\": \"input\"",
                                 shape_text(data.shape())));
    if (from.space != SPAR_SPACE_INPUT && !words && (from.lower || from.upper))
        refuse("", fmt::format("nothing bounds values in the space \"{}\" but the ball: leave "
                               "lower and upper out",
                               word_of(space_words, from.space)));
    const bool boxed = !inside_model && !data.tokens();
    constexpr double infinite = std::numeric_limits<double>::infinity();
    spar_threat threat{};
    threat.struct_size = sizeof threat;
    threat.norm = from.norm;
    threat.eps = from.eps;
    threat.lower = from.lower.value_or(boxed ? data.info().lower : -infinite);
    threat.upper = from.upper.value_or(boxed ? data.info().upper : infinite);
    threat.space = from.space;
    threat.site = from.site ? from.site->c_str() : nullptr;
    threat.targeted = from.target != Target::none ? 1 : 0;
    threat.query_budget = from.queries;
    threat.group = from.group;
    if (from.group == SPAR_GROUP_PIXEL && data.shape().size() != 3)
        refuse("/group", fmt::format("only images [channels, height, width] have pixels, and the "
                                     "data holds values {}; leave it out to count values",
                                     shape_text(data.shape())));
    if (from.group == SPAR_GROUP_TOKEN && !data.tokens())
        refuse("/group", "only texts have tokens; leave it out");
    if (!words && from.norm == SPAR_NORM_L0 && !std::isfinite(threat.upper - threat.lower))
        refuse("", fmt::format("under l0 the box alone limits how far a value moves, and it is "
                               "[{}, {}]; give lower and upper",
                               threat.lower, threat.upper));
    // Bounds that equal the data's apart from float32 rounding count as the data's.
    const double lower = data.info().lower, upper = data.info().upper;
    const double slack = 1e-6 * std::max(std::abs(lower), std::abs(upper));
    if (boxed && std::abs(threat.lower - lower) <= slack) threat.lower = lower;
    if (boxed && std::abs(threat.upper - upper) <= slack) threat.upper = upper;
    if (boxed && (threat.lower < lower || threat.upper > upper))
        warnings().add(
            {"", "box_beyond_data", "#" + from.pointer,
             fmt::format("its box [{}, {}] goes beyond that of the data, [{}, {}]: "
                         "adversarial examples may hold values that no example can",
                         threat.lower, threat.upper, data.info().lower, data.info().upper),
             "leave lower and upper out to take the data's"});
    if (boxed && (threat.lower > lower || threat.upper < upper))
        refuse("",
               fmt::format("its box [{}, {}] does not hold the data's [{}, {}]; leave lower and "
                           "upper out to take the data's",
                           threat.lower, threat.upper, data.info().lower, data.info().upper));
    if (threat.targeted != 0 && !data.classes())
        refuse("/target", "the data has no classes to aim at; leave it out");
    if (from.target == Target::one_class && from.target_class >= classes)
        refuse("/target", fmt::format("there is no class {}: the model has {}, from 0",
                                      from.target_class, classes));
    return threat;
}

static void require_one_meaning(const Data &train, const Data &other, bool labelled = true) {
    const std::string &place = other.instance().pointer(), &first = train.instance().pointer();
    const std::int64_t a = train.info().vocabulary, b = other.info().vocabulary;
    Meaning ours = meaning_of(other);
    if (!labelled) ours.classes.clear();
    const std::string found = difference(ours, "#" + place, meaning_of(train), "#" + first);
    const bool text = train.tokens() && other.tokens();
    if (text && a != b)
        throw Failure(Exit::data,
                      fmt::format("#{}: its vocabulary has {} tokens, but that of #{} has {}, so a "
                                  "number would not mean the same word{}; number the words of both "
                                  "alike",
                                  place, b, first, a, found.empty() ? "" : " (" + found + ")"));
    if (!found.empty())
        throw Failure(Exit::data, fmt::format("#{}: {}; both must mean the same{}", place, found,
                                              text ? ": number the words of both alike" : ""));
}

void require_same_kind(const Data &train, const Data &other) {
    const spar_dataset_info &a = train.info(), &b = other.info();
    if (a.input == b.input && a.target == b.target &&
        std::ranges::equal(train.shape(), other.shape()) && a.outputs >= b.outputs)
        return require_one_meaning(train, other);
    throw Failure(Exit::data,
                  fmt::format("#{}: its examples are {} of {} classes or values, but those of #{} "
                              "are {} of {}",
                              other.instance().pointer(), shape_text(other.shape()), b.outputs,
                              train.instance().pointer(), shape_text(train.shape()), a.outputs));
}

void require_same_examples(const Data &train, const Data &other) {
    if (train.info().input == other.info().input &&
        std::ranges::equal(train.shape(), other.shape()))
        return require_one_meaning(train, other, false);
    throw Failure(Exit::data,
                  fmt::format("#{}: its examples are {}{}, but those of #{} are {}{}",
                              other.instance().pointer(), other.tokens() ? "texts " : "values ",
                              shape_text(other.shape()), train.instance().pointer(),
                              train.tokens() ? "texts " : "values ", shape_text(train.shape())));
}

bool evaluated_alone(const spar_component_ref &loss) {
    return (needs_of(loss) & (SPAR_LOSS_NEEDS_REFERENCE | SPAR_LOSS_NEEDS_TARGETS)) == 0;
}

namespace {

void rehearse_loss(const Instance &loss, const Data &data, std::int64_t outputs) {
    const spar_loss_needs needs = needs_of(loss.ref());
    const char *lacks = (needs & SPAR_LOSS_NEEDS_VALUES) != 0 && data.classes()    ? "target values"
                        : (needs & SPAR_LOSS_NEEDS_LABELS) != 0 && !data.classes() ? "labels"
                                                                                   : nullptr;
    if (lacks != nullptr)
        throw Failure(Exit::pipeline, fmt::format("#{}: {} needs {}, which the data does not have",
                                                  loss.pointer(), loss.label(), lacks));
    constexpr std::int64_t most_tried = 256;
    Batch batch;
    batch.count = 1;
    batch.ids = {0};
    if (!data.classes()) data.read(index_range(0, std::min(data.size(), most_tried)), batch);
    const auto count = static_cast<std::size_t>(batch.count);
    const std::vector<float> zeros(count * static_cast<std::size_t>(outputs));
    std::vector<float> gradient(zeros.size()), reference_gradient(zeros.size()), values(count);
    const std::vector<std::int64_t> firsts(count);
    spar_loss_rows rows{};
    rows.struct_size = sizeof rows;
    rows.count = batch.count;
    rows.outputs = outputs;
    rows.output = rows.reference = zeros.data();
    rows.labels = data.classes() ? firsts.data() : nullptr;
    rows.values = batch.value_data();
    rows.targets = (needs & SPAR_LOSS_NEEDS_TARGETS) != 0 ? firsts.data() : nullptr;
    rows.ids = batch.ids.data();
    rows.loss = values.data();
    rows.gradient = gradient.data();
    rows.reference_gradient = reference_gradient.data();
    loss.call("evaluate", [&](spar_error *error) {
        return loss.table<spar_loss_table>().evaluate(loss.self(), &rows, error);
    });
}

}  // namespace

void rehearse_losses(const Instance &root, const Data &data, std::int64_t outputs) {
    for (const auto &child : root.children()) rehearse_losses(*child, data, outputs);
    if (root.ref().kind == SPAR_KIND_LOSS) rehearse_loss(root, data, outputs);
}

}  // namespace spar::host
