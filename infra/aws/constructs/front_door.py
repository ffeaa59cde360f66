"""The distribution before the API.

Belongs here: CloudFront, its firewall, and the key by which the collector knows it. Why it is
needed and what the collector believes of it: `lambdas.collector.front_door`.
"""

from aws_cdk import Aws, CfnRule, CfnRuleAssertion, Fn
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.resource_types import FrontDoor
from lambdas.collector.front_door import KEY_HEADER

_REGION_OF_WEB_ACLS = "us-east-1"
_PASSED_ON = (  # ten at most; Host is not among them, by which the API would not know itself
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "CloudFront-Viewer-Address",
    "CloudFront-Viewer-Country",
    "Content-Type",
    "Origin",
    "Referer",
    "User-Agent",
)
_KEY_LENGTH = 48


class Entrance(Construct):
    """A distribution that passes requests on to one host and keeps no answer.

    Attributes:
        host: Where it answers.
    """

    def __init__(self, scope: Construct, id_: str, front_door: FrontDoor, host: str) -> None:
        super().__init__(scope, id_)
        acl = self._web_acl(front_door) if front_door.web_acl == "own" else front_door.web_acl
        key = self._key(front_door.key)
        origin = origins.HttpOrigin(
            host,
            custom_headers={KEY_HEADER: key.secret_value.unsafe_unwrap()},  # a dynamic reference
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        )
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Before the collector",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origin,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=self._passed_on(),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            ),
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=acl,
        )
        self.host = distribution.distribution_domain_name
        for rule, reason in (
            ("CFR1", "Visitors of a site may come from anywhere; so may their events."),
            ("CFR3", "It would log addresses, which are cut before they are stored anywhere."),
            ("CFR4", "TLS 1.2 alone needs a domain and a certificate of whoever deploys it."),
        ):
            acknowledge(distribution, rule, reason)

    def _key(self, name: str) -> secretsmanager.Secret:
        key = secretsmanager.Secret(
            self,
            "Key",
            secret_name=name,
            description="By it the collector knows requests that came through the distribution",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=_KEY_LENGTH
            ),
        )
        acknowledge(
            key,
            "SMG4",
            "The distribution knows it as well and takes minutes to learn another: rotated by a "
            "timer, it would refuse everybody meanwhile. Who has it gets past the firewall, no "
            "further.",
        )
        return key

    def _passed_on(self) -> cloudfront.OriginRequestPolicy:
        return cloudfront.OriginRequestPolicy(
            self,
            "PassedOn",
            header_behavior=cloudfront.OriginRequestHeaderBehavior.allow_list(*_PASSED_ON),
            cookie_behavior=cloudfront.OriginRequestCookieBehavior.none(),
            query_string_behavior=cloudfront.OriginRequestQueryStringBehavior.none(),
        )

    def _web_acl(self, front_door: FrontDoor) -> str:
        """A firewall against known robots and floods; it does not look into events.

        AWS's common rules would: they refuse bodies beyond 8 KB and whatever resembles markup,
        which the addresses and titles of pages do.
        """
        is_there = Fn.condition_equals(Aws.REGION, _REGION_OF_WEB_ACLS)
        why = f"web_acl=own needs {_REGION_OF_WEB_ACLS}; elsewhere, give the ARN of one made there"
        CfnRule(
            self,
            "RegionOfWebAcls",
            assertions=[CfnRuleAssertion(assert_=is_there, assert_description=why)],
        )
        reputation = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS", name="AWSManagedRulesAmazonIpReputationList"
        )
        flood = waf.CfnWebACL.RateBasedStatementProperty(
            aggregate_key_type="IP", limit=front_door.requests_5min
        )
        rules = [
            waf.CfnWebACL.RuleProperty(
                name="reputation",
                priority=0,
                statement=waf.CfnWebACL.StatementProperty(managed_rule_group_statement=reputation),
                override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
                visibility_config=_seen("reputation"),
            ),
            waf.CfnWebACL.RuleProperty(
                name="flood",
                priority=1,
                statement=waf.CfnWebACL.StatementProperty(rate_based_statement=flood),
                action=waf.CfnWebACL.RuleActionProperty(block=waf.CfnWebACL.BlockActionProperty()),
                visibility_config=_seen("flood"),
            ),
        ]
        created = waf.CfnWebACL(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(
                allow=waf.CfnWebACL.AllowActionProperty()
            ),
            rules=rules,
            visibility_config=_seen("web-acl"),
        )
        return str(created.attr_arn)


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
