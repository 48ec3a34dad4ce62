#include "engine/oracle.hpp"

#include "engine/foreign_head.hpp"
#include "engine/loss_head.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace spar::host {
namespace {

constexpr std::int32_t tapes = 8;

std::int64_t row_of(const spar_query &query, std::int64_t point) {
    return query.rows != nullptr ? query.rows[point] : point;
}

/// target[i] = source row of point i, each `width` wide; null if there is no source.
template <class T>
const T *gather_rows(const spar_query &query, const T *source, std::int64_t width,
                     std::vector<T> &target) {
    if (source == nullptr) return nullptr;
    target.resize(static_cast<std::size_t>(query.count * width));
    for (std::int64_t i = 0; i < query.count; ++i)
        std::copy_n(source + row_of(query, i) * width, width,
                    target.begin() + static_cast<std::ptrdiff_t>(i * width));
    return target.data();
}

template <class Work>
spar_status answer(const spar_oracle *oracle, spar_error *error, Work &&work) {
    auto &handle = *static_cast<OracleHandle *>(oracle->handle);
    if (handle.cancelled())
        return fill(error, SPAR_E_CANCELLED,
                    "the run is being stopped; the same command with --resume goes on");
    return guarded(error, [&] {
        try {
            work(handle);
        } catch (const Failure &) {
            handle.failure = std::current_exception();
            throw;
        }
    });
}

}  // namespace

/// What there is in the space of tokens alone.
void OracleHandle::offer_texts(spar_oracle &oracle) const {
    oracle.width = task.texts->width();
    oracle.vectors = [](const spar_oracle *self, std::int64_t count, const std::int64_t *tokens,
                        float *vectors, spar_error *error) {
        return answer(self, error, [&](OracleHandle &handle) {
            handle.task.texts->vectors(count, tokens, vectors);
        });
    };
    // Also when the run is being stopped: it costs nothing, and keeps the best so far.
    oracle.propose = [](const spar_oracle *self, std::int64_t row, const char *text,
                        spar_error *error) {
        auto &handle = *static_cast<OracleHandle *>(self->handle);
        return guarded(error, [&] {
            try {
                handle.task.texts->propose(row, text);
            } catch (const Failure &) {
                handle.failure = std::current_exception();
                throw;
            }
        });
    };
}

spar_oracle OracleHandle::table() {
    spar_oracle oracle{};
    oracle.struct_size = sizeof oracle;
    oracle.gradients = 1;
    oracle.handle = this;
    oracle.outputs = task.space->outputs();
    oracle.evaluate = [](const spar_oracle *self, const spar_query *query, spar_error *error) {
        return answer(self, error,
                      [&](OracleHandle &handle) { handle.evaluate(read_struct(query)); });
    };
    oracle.pullback = [](const spar_oracle *self, std::int32_t tape, const float *cotangent,
                         float *gradient, spar_error *error) {
        return answer(self, error,
                      [&](OracleHandle &handle) { handle.pullback(tape, cotangent, gradient); });
    };
    oracle.cancelled = [](const spar_oracle *self) {
        return static_cast<OracleHandle *>(self->handle)->cancelled() ? 1 : 0;
    };
    oracle.note = [](const spar_oracle *self, std::int64_t row, const char *code, double value) {
        static_cast<OracleHandle *>(self->handle)->note(row, code, value);
    };
    if (task.texts != nullptr) offer_texts(oracle);
    oracle.stage = [](const spar_oracle *self, const char *name) {
        static_cast<OracleHandle *>(self->handle)->enter(name != nullptr ? name : "");
    };
    return oracle;
}

void OracleHandle::enter(const std::string &name) {
    stage = name;
    if (!name.empty() && std::ranges::find(queries.stages, name) == queries.stages.end())
        queries.stages.push_back(name);
}

void OracleHandle::note(std::int64_t row, const char *code, double value) {
    if (row < 0 || row >= task.batch.count || code == nullptr || *code == '\0') return;
    queries.notes.push_back({row, stage, code, value});
}

void OracleHandle::count(const spar_query &query) {
    const bool gradient = query.gradient != nullptr;
    const std::int64_t budget = task.batch.threat->query_budget;
    for (std::int64_t i = 0; i < query.count; ++i) {
        const std::int64_t row = row_of(query, i);
        if (row < 0 || row >= task.batch.count)
            throw Error(SPAR_E_CONTRACT, fmt::format("a query for example {} of a batch of {}", row,
                                                     task.batch.count));
        const auto at = static_cast<std::size_t>(row);
        if (budget > 0 && queries.forward[at] >= budget) {
            budget_spent = true;
            throw Error(SPAR_E_BUDGET,
                        fmt::format("the budget of {} queries an example is spent", budget));
        }
        queries.forward[at] += 1;
        if (gradient) queries.gradient[at] += 1;
    }
}

void OracleHandle::look_at(const float *gradient, std::int64_t points, const std::int64_t *rows,
                           std::int64_t size) {
    if (task.batch.purpose != SPAR_PURPOSE_EVALUATE) return;
    for (std::int64_t i = 0; i < points; ++i) {
        const auto row = static_cast<std::size_t>(rows != nullptr ? rows[i] : i);
        FirstGradient &first = queries.first_gradient[row];
        if (first != FirstGradient::none) continue;
        const float *begin = gradient + i * size;
        const bool zero = std::all_of(begin, begin + size, [](float g) { return g == 0; });
        first = zero ? FirstGradient::zero : FirstGradient::other;
    }
}

Network::Points OracleHandle::gather_texts(const spar_query &query, const std::int64_t *ids) {
    if (query.tokens == nullptr || query.x != nullptr)
        throw Error(SPAR_E_CONTRACT, "in the space of tokens, points are tokens");
    if (query.tape != 0)
        throw Error(SPAR_E_UNSUPPORTED, "there are no tapes in the space of tokens");
    memory.texts.take(task.texts->network(), task.texts->tokenizer(), query.count,
                      read_struct(query.tokens));
    return memory.texts.points(query.rows != nullptr ? gather_rows(query, ids, 1, memory.ids)
                                                     : ids);
}

void OracleHandle::give_gradient(const spar_query &query) {
    const std::int64_t width = task.texts->width(), own = memory.texts.batch.length;
    const std::int64_t length = query.tokens->length;
    std::fill_n(query.gradient, query.count * length * width, 0.0F);
    for (std::int64_t i = 0; i < query.count; ++i)
        std::copy_n(memory.at_vectors.data() + i * own * width, query.tokens->lengths[i] * width,
                    query.gradient + i * length * width);
}

Network::Points OracleHandle::gather(const spar_query &query) {
    const Network::Points all = task.points();
    if (task.texts != nullptr) return gather_texts(query, all.ids);
    const std::int64_t length = all.tokens != nullptr ? task.space->shape()[0] : 0;
    const std::int64_t marks = task.mask_size();
    if (query.rows == nullptr) {
        Network::Points points = all;
        points.count = query.count;
        points.x = query.x;
        return points;
    }
    return {.count = query.count,
            .x = query.x,
            .ids = gather_rows(query, all.ids, 1, memory.ids),
            .tokens = gather_rows(query, all.tokens, length, memory.tokens),
            .mask = gather_rows(query, all.mask, marks, memory.mask),
            .rows = query.rows};
}

void OracleHandle::evaluate(const spar_query &query) {
    if (query.count <= 0) return;
    if (task.alive) task.alive(stage);
    if (query.tape < 0 || query.tape > tapes)
        throw Error(SPAR_E_CONTRACT, fmt::format("tape {}, expected 0 to {}", query.tape, tapes));
    if (query.rows == nullptr && query.count > task.batch.count)
        throw Error(SPAR_E_CONTRACT, "more points than examples, and no rows");
    count(query);
    const std::int64_t outputs = task.space->outputs();
    const bool all = query.rows == nullptr;
    const auto pick = [&](auto *source, std::int64_t width, auto &target) {
        return all ? source : gather_rows(query, source, width, target);
    };

    LossHead loss{.loss = query.loss != nullptr ? query.loss : task.loss, .outputs = outputs};
    const Network::Points points = gather(query);
    const bool aimed = task.batch.targets != nullptr && query.labels == nullptr;
    loss.negate = aimed;  // descent towards the target is ascent for the attack
    loss.targets = pick(task.batch.targets, 1, memory.targets);
    loss.labels = query.labels != nullptr ? query.labels
                  : aimed                 ? loss.targets
                                          : pick(task.batch.labels, 1, memory.labels);
    loss.values = pick(task.batch.values, outputs, memory.values);
    loss.reference = pick(task.reference, outputs, memory.reference);
    loss.ids = points.ids;
    loss.key = task.batch.key;
    loss.loss_values = query.loss_values;

    spar_pass pass{};
    pass.mode = task.mode;
    pass.key = task.model_key;
    pass.tape = query.tape;
    pass.outputs = query.outputs;
    pass.dx = query.gradient;
    if (task.texts != nullptr && query.gradient != nullptr) {
        memory.at_vectors.resize(query.count, memory.texts.vectors.width());
        pass.dx = memory.at_vectors.data();
    }
    if (query.gradient != nullptr) pass.wants = SPAR_WANT_INPUT_GRADIENT;
    // A loss that compares with exact outputs nearby would mostly see the difference in precision.
    const bool compares = task.reference != nullptr;
    if (query.gradient != nullptr && task.batch.purpose == SPAR_PURPOSE_TRAIN && !compares)
        pass.wants |= SPAR_WANT_COARSE;
    ForeignHead head{*task.attack, query.head, query.head_context};
    if (query.head != nullptr) {
        pass.head = ForeignHead::evaluate;
        pass.head_context = &head;
    } else if (query.gradient != nullptr || query.loss_values != nullptr) {
        if (loss.loss == nullptr)
            throw Error(SPAR_E_UNSUPPORTED,
                        "the attack asks for a loss, but the pipeline names none: add "
                        "\"evaluate\": {\"loss\": ...}, or a loss in the attack's node");
        pass.head = LossHead::evaluate;
        pass.head_context = &loss;
    }
    task.space->pass(points, pass);
    if (task.texts != nullptr && query.gradient != nullptr) give_gradient(query);
    if (query.gradient != nullptr)
        look_at(query.gradient, query.count, query.rows,
                task.texts != nullptr ? query.tokens->length * task.texts->width()
                                      : task.space->size());
    if (query.tape > 0) {
        auto &rows = memory.tape_rows[static_cast<std::size_t>(query.tape)];
        taped[static_cast<std::size_t>(query.tape)] = true;
        rows.resize(static_cast<std::size_t>(query.count));
        for (std::int64_t i = 0; i < query.count; ++i)
            rows[static_cast<std::size_t>(i)] = row_of(query, i);
    }
}

void OracleHandle::pullback(std::int32_t tape, const float *cotangent, float *gradient) {
    if (tape < 1 || tape > tapes)
        throw Error(SPAR_E_CONTRACT, fmt::format("tape {}, expected 1 to {}", tape, tapes));
    if (!taped[static_cast<std::size_t>(tape)])
        throw Error(SPAR_E_CONTRACT, fmt::format("nothing was recorded on tape {}", tape));
    const auto &rows = memory.tape_rows[static_cast<std::size_t>(tape)];
    const auto width = static_cast<std::size_t>(task.space->outputs());
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (std::ranges::any_of(std::span(cotangent + i * width, width),
                                [](float value) { return value != 0; }))
            queries.gradient[static_cast<std::size_t>(rows[i])] += 1;
    Network::Points points{};
    points.count = std::ssize(rows);
    points.rows = rows.data();
    task.space->backward(points, tape, cotangent, SPAR_WANT_INPUT_GRADIENT, gradient);
    look_at(gradient, points.count, rows.data(), task.space->size());
}

}  // namespace spar::host
