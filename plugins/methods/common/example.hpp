// The smallest pipeline that uses a method of training, given the norm of its threat model and the
// method's node as literals.
#pragma once

// clang-format off
#define METHOD_EXAMPLE(norm, node)                                                                 \
    R"({"version":2,"name":"method","seed":1,)" "\n"                                               \
    R"( "data":{"train":{"type":"digits","examples":64}},)" "\n"                                   \
    R"( "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":16},)" "\n" \
    R"(          {"type":"relu"},{"type":"linear","out":10}]},)" "\n"                              \
    R"( "threat":{"norm":")" norm R"(","eps":0.1},)" "\n"                                          \
    R"( "train":{"method":)" node R"(,)" "\n"                                                      \
    R"(          "loss":{"type":"cross_entropy"},"optimizer":{"type":"sgd","lr":0.05},)" "\n"      \
    R"(          "epochs":1,"batch_size":32}})"
// clang-format on
